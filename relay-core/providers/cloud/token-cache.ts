import type { Clock } from '../../ports.ts';
import { CredentialError } from '../provider.ts';

/** A bearer token and when it ends, in epoch milliseconds. */
export type Token = { readonly value: string; readonly expiresAtMs: number };

/** Where tokens come from, how long to wait for one, and what to call it in a message. */
export type TokenSource = {
  readonly clock: Clock;
  readonly waitMs: number;
  /** `Google credentials`. */
  readonly name: string;
  /** Rejects with a CredentialError when the user must act. */
  readonly fetchToken: () => Promise<Token>;
};

/** How long before its end a token is fetched anew, in the background. */
const refreshAheadMs = 300_000;

/** Keeps one token and fetches the next before it ends: one fetch for all who wait. */
export class TokenCache {
  readonly #source: TokenSource;
  #token: Token | undefined;
  #pending: Promise<string> | undefined;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** The token, at once where there is a good one. Rejects with a CredentialError. */
  get(): string | Promise<string> {
    const now = this.#source.clock.now();
    const token = this.#token;
    if (token === undefined || token.expiresAtMs <= now) return this.#fetch();
    // A failure in the background shows when the token has ended, to whoever needs the next one.
    if (token.expiresAtMs - refreshAheadMs <= now) this.#fetch().catch(() => undefined);
    return token.value;
  }

  /** Drops the token and fetches another; resolves with false when none other can be had. */
  async renew(): Promise<boolean> {
    const refused = this.#token?.value;
    this.#token = undefined;
    try {
      return (await this.#fetch()) !== refused;
    } catch (error) {
      if (error instanceof CredentialError) return false;
      throw error;
    }
  }

  #fetch(): Promise<string> {
    this.#pending ??= this.#fetchOnce().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  #fetchOnce(): Promise<string> {
    const { clock, waitMs, name, fetchToken } = this.#source;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = clock.startTimer(waitMs, () =>
      reject(new CredentialError(`${name}: no token within ${waitMs} ms`)),
    );
    const settle = (end: () => void) => {
      timer.cancel();
      end();
    };
    fetchToken().then(
      (token) => {
        // Kept even when it came too late for those who asked.
        this.#token = token;
        settle(() => resolve(token.value));
      },
      (error: unknown) => settle(() => reject(asCredentialError(name, error))),
    );
    return promise;
  }
}

/** Libraries' own words may quote requests: they stay in `cause`. */
const asCredentialError = (name: string, error: unknown): CredentialError =>
  error instanceof CredentialError
    ? error
    : new CredentialError(`${name}: the token could not be fetched`, { cause: error });
