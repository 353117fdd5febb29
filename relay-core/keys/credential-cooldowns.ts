import { hash } from 'node:crypto';
import type { HeaderList } from '../messages/header-list.ts';
import type { Clock } from '../ports.ts';

const rememberedCredentials = 1000;

/** A digest that tells clients' credentials apart without showing them. */
export const credentialDigest = (headers: HeaderList): string => hash('sha256', headers.join('\n'));

/** Clients' own credentials that their upstream has limited: known by digest only, and none of the upstream's business. */
export class CredentialCooldowns {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets a credential rest for so many milliseconds. */
  coolDown(headers: HeaderList, durationMs: number): void {
    const digest = credentialDigest(headers);
    this.#untilMs.delete(digest);
    this.#untilMs.set(digest, this.#clock.monotonic() + durationMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > rememberedCredentials && oldest !== undefined) this.#untilMs.delete(oldest);
  }

  /** True while a credential rests. */
  isCooling(headers: HeaderList): boolean {
    if (this.#untilMs.size === 0) return false;
    const digest = credentialDigest(headers);
    const untilMs = this.#untilMs.get(digest);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonic()) return true;
    this.#untilMs.delete(digest);
    return false;
  }
}
