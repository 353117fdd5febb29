import type { KeyConfig } from '../config/config.ts';
import type { Credential } from '../providers/provider.ts';
import { KeyLimits, type TokenEstimate } from './limits.ts';
import { Slots } from './slots.ts';

/** Why a key rests. */
export type CooldownReason = 'rate-limited' | 'quota-exhausted' | 'forbidden' | 'unauthorized';

/** Where a key stands. `untilMs` is monotonic. */
export type KeyStanding =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cooling'; readonly untilMs: number; readonly reason: CooldownReason }
  /** Refused with 401; a free probe is on its way to confirm that. */
  | { readonly kind: 'checking' }
  | { readonly kind: 'retired' };

/** May a request use the key now? */
export type Availability =
  | { readonly kind: 'ready' }
  /** A limit or a rate-limit cooldown: waiting this long helps. */
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** As many run as may, or a check is under way: nobody knows how long. */
  | { readonly kind: 'busy' }
  /** Rests for a reason that the user may have mended meanwhile: asked only when nobody else is left. */
  | { readonly kind: 'last-resort' }
  | { readonly kind: 'retired' };

const ready = { kind: 'ready' } as const;
const busy = { kind: 'busy' } as const;
const lastResort = { kind: 'last-resort' } as const;
const retired = { kind: 'retired' } as const;

const shortestCooldownMs = 1000;
const longestBackoffMs = 60_000;
/** No upstream's word keeps a key out for longer than this. */
const longestCooldownMs = 86_400_000;

/** One configured key: its limits, what runs on it, and whether it rests. Key material stays in `config`. */
export class PooledKey {
  readonly credential: Credential;
  readonly slots: Slots;
  /** Grows with each use of any key of the pool: the smallest was used longest ago. */
  lastUse = 0;
  #config: KeyConfig;
  #limits: KeyLimits;
  #standing: KeyStanding = ready;
  #beforeCheck: KeyStanding = ready;
  #rateLimitsInRow = 0;
  #cooledAtMs = Number.NEGATIVE_INFINITY;
  readonly #modelCooldowns = new Map<string, number>();

  constructor(config: KeyConfig) {
    this.#config = config;
    this.credential = { kind: 'key', keyId: config.keyId };
    this.#limits = new KeyLimits(config.limits);
    this.slots = new Slots(config.maxConcurrent);
  }

  get config(): KeyConfig {
    return this.#config;
  }

  get limits(): KeyLimits {
    return this.#limits;
  }

  /** The same key under a new configuration: what is known of it stays; changed limits count from now. */
  reconfigure(config: KeyConfig): void {
    const { rpm, tpm, itpm, otpm } = this.#config.limits;
    const { limits } = config;
    const isSame = limits.rpm === rpm && limits.tpm === tpm && limits.itpm === itpm && limits.otpm === otpm;
    if (!isSame) this.#limits = new KeyLimits(limits);
    this.#config = config;
    this.slots.limit = config.maxConcurrent;
  }

  /** Where the key stands now; a cooldown that is over is `ready`. */
  standing(nowMs: number): KeyStanding {
    if (this.#standing.kind === 'cooling' && this.#standing.untilMs <= nowMs) this.#standing = ready;
    return this.#standing;
  }

  /** How long a cooldown still keeps the key out, in ms; 0 = none does. */
  cooldownMs(nowMs: number): number {
    const standing = this.standing(nowMs);
    return standing.kind === 'cooling' ? standing.untilMs - nowMs : 0;
  }

  /** True when neither a cooldown nor retirement keeps it out; limits are another matter. */
  isAvailable(nowMs: number): boolean {
    return this.standing(nowMs).kind === 'ready';
  }

  /** True when waiting does not help: retired, or resting for what only the user can mend. */
  isOut(model: string, nowMs: number): boolean {
    const standing = this.standing(nowMs);
    if (standing.kind === 'retired') return true;
    if (standing.kind === 'cooling') return standing.reason !== 'rate-limited';
    return this.#restsFor(model, nowMs);
  }

  /** May a request of this size and model use the key now? */
  availability(model: string, estimate: TokenEstimate, nowMs: number): Availability {
    const standing = this.standing(nowMs);
    switch (standing.kind) {
      case 'retired':
        return retired;
      case 'checking':
        return busy;
      case 'cooling':
        return standing.reason === 'rate-limited'
          ? { kind: 'wait', waitMs: standing.untilMs - nowMs }
          : lastResort;
      case 'ready':
        return this.#roomFor(model, estimate, nowMs);
    }
  }

  /** A rate limit: rests as long as the upstream asked, else 1, 2, 4 … 60 s. Returns the cooldown in ms, 0 for none. */
  limitRate(requestedMs: number | undefined, attemptStartedAtMs: number, nowMs: number): number {
    // Requests sent side by side learn of one and the same limit.
    if (attemptStartedAtMs > this.#cooledAtMs) this.#rateLimitsInRow += 1;
    this.#cooledAtMs = nowMs;
    const backoffMs = Math.min(
      longestBackoffMs,
      shortestCooldownMs * 2 ** Math.max(0, this.#rateLimitsInRow - 1),
    );
    return this.coolDown(
      requestedMs !== undefined && requestedMs > 0 ? requestedMs : backoffMs,
      'rate-limited',
      nowMs,
    );
  }

  /** Lets the key rest; a longer rest that runs already stays. Returns how long it rests now, in ms. */
  coolDown(durationMs: number, reason: CooldownReason, nowMs: number): number {
    const standing = this.standing(nowMs);
    // What a check will find counts for more.
    if (standing.kind === 'retired' || standing.kind === 'checking') return 0;
    const untilMs = nowMs + Math.min(durationMs, longestCooldownMs);
    if (standing.kind === 'cooling' && standing.untilMs >= untilMs) return standing.untilMs - nowMs;
    this.#standing = { kind: 'cooling', untilMs, reason };
    return untilMs - nowMs;
  }

  /** Keeps the key from one model only. */
  coolDownModel(model: string, durationMs: number, nowMs: number): void {
    this.#modelCooldowns.set(model, nowMs + durationMs);
  }

  /** Nobody uses it until the check is back. */
  check(): void {
    if (this.#standing.kind === 'retired') return;
    this.#beforeCheck = this.#standing;
    this.#standing = { kind: 'checking' };
  }

  /** The check found nothing certain: rests for so long, or as long as it would have rested without it. */
  endCheck(durationMs: number, nowMs: number): void {
    this.#standing = this.#beforeCheck;
    this.coolDown(durationMs, 'unauthorized', nowMs);
  }

  /** Out until the user acts. */
  retire(): void {
    this.#standing = retired;
  }

  /** Back in service, whatever kept it out. */
  restore(): void {
    this.#standing = ready;
    this.#rateLimitsInRow = 0;
    this.#modelCooldowns.clear();
  }

  /** An answer came: rate limits in a row are over. */
  succeed(): void {
    this.#rateLimitsInRow = 0;
  }

  #restsFor(model: string, nowMs: number): boolean {
    return this.#modelCooldowns.size > 0 && (this.#modelCooldowns.get(model) ?? 0) > nowMs;
  }

  #roomFor(model: string, estimate: TokenEstimate, nowMs: number): Availability {
    if (this.#restsFor(model, nowMs)) return lastResort;
    if (!this.slots.hasRoom) return busy;
    const waitMs = this.#limits.waitMs(estimate, nowMs);
    return waitMs > 0 ? { kind: 'wait', waitMs } : ready;
  }
}
