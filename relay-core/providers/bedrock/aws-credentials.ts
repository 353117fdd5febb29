import type { Clock } from '../../ports.ts';
import { CredentialError } from '../provider.ts';
import type { CredentialSource, LoadIdentity } from './credential-sources.ts';
import type { AwsIdentity } from './sign-request.ts';

/** What keeping an identity takes. */
export type AwsCredentialsParts = {
  readonly source: CredentialSource;
  readonly region: string;
  readonly clock: Clock;
  readonly load: LoadIdentity;
};

const refreshAheadMs = 300_000;
const longestFetchMs = 5_000;
/** After a refresh in vain, as long as the known identity holds. */
const retryAfterMs = 30_000;
/** Whoever was refused with an older identity need not fetch again what another one has just fetched. */
const freshMs = 30_000;

/** The AWS identity of one upstream: fetched when needed, by one caller for all, and anew before it expires. */
export class AwsCredentials {
  readonly #parts: AwsCredentialsParts;
  #identity: AwsIdentity | undefined;
  #pending: Promise<AwsIdentity> | undefined;
  #changedAt: number | undefined;
  #quietUntil = 0;

  constructor(parts: AwsCredentialsParts) {
    this.#parts = parts;
  }

  /** The identity to sign with. Rejects with a CredentialError when none can be had. */
  get(): Promise<AwsIdentity> {
    const { source, clock } = this.#parts;
    if (source.kind === 'static') return Promise.resolve(source.identity);
    const known = this.#identity;
    if (known === undefined) return this.#fetch();
    const expiresAt = known.expiresAt ?? Number.POSITIVE_INFINITY;
    const isQuiet = clock.monotonic() < this.#quietUntil && clock.now() < expiresAt;
    if (isQuiet || expiresAt - clock.now() > refreshAheadMs) return Promise.resolve(known);
    // A known identity serves to its last moment when there is no newer one.
    return this.#fetch().catch((error: unknown) => {
      if (clock.now() >= expiresAt) throw error;
      this.#quietUntil = clock.monotonic() + retryAfterMs;
      return known;
    });
  }

  /** Drops the identity that was refused and fetches another; false = there is none, or the same again. */
  async renew(): Promise<boolean> {
    const { source, clock } = this.#parts;
    if (source.kind === 'static') return false;
    if (this.#changedAt !== undefined && clock.monotonic() - this.#changedAt < freshMs) return true;
    const refused = this.#identity;
    // What was refused was no signature: an API key.
    if (refused === undefined) return false;
    try {
      return !isSame(refused, await this.#fetch());
    } catch (error) {
      if (error instanceof CredentialError) return false;
      throw error;
    }
  }

  #fetch(): Promise<AwsIdentity> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<AwsIdentity> {
    const { source, region, load, clock } = this.#parts;
    let timer: { cancel(): void } | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.startTimer(longestFetchMs, () => reject(new Error('no answer within 5 seconds')));
    });
    try {
      const identity = await Promise.race([load(source, region), late]);
      if (this.#identity !== undefined && !isSame(this.#identity, identity))
        this.#changedAt = clock.monotonic();
      this.#identity = identity;
      return identity;
    } catch (cause) {
      throw new CredentialError(remedyFor(source), { cause });
    } finally {
      timer?.cancel();
    }
  }
}

const isSame = (left: AwsIdentity, right: AwsIdentity): boolean =>
  left.accessKeyId === right.accessKeyId &&
  left.secretAccessKey === right.secretAccessKey &&
  left.sessionToken === right.sessionToken;

const remedyFor = (source: CredentialSource): string =>
  source.kind === 'profile'
    ? `no AWS credentials in profile "${source.profile}": check aws_profile, or sign in with "aws sso login --profile ${source.profile}"`
    : 'no AWS credentials: set aws_access_key_id and aws_secret_access_key or aws_profile, or sign in with "aws configure" or "aws sso login"';
