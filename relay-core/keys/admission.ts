import type { Clock } from '../ports.ts';
import { inputEstimate, type TokenEstimate } from './limits.ts';
import { Permit } from './permit.ts';
import { PooledKey } from './pooled-key.ts';
import { type Blocked, FairQueue, type Resource, type Try } from './queue.ts';
import { Slots } from './slots.ts';

/** The room that one attempt wants: on its upstream, and on its key if it has one. */
export type Wanted = {
  readonly slots: Slots;
  readonly key: PooledKey | undefined;
  readonly model: string;
  readonly bodyBytes: number;
};

/** What came of asking for room. */
export type Leave =
  | { readonly kind: 'permit'; readonly permit: Permit }
  | { readonly kind: 'short'; readonly on: Resource; readonly waitMs: number | undefined }
  | { readonly kind: 'last-resort' }
  | { readonly kind: 'retired' };

/** What admission is bounded by. */
export type AdmissionSettings = {
  /** `server.max_concurrent`; 0 = unlimited. */
  readonly maxConcurrent: number;
  /** The longest known wait that a request is kept for. */
  readonly queueTimeoutMs: number;
};

/** Hands out permits: the relay's, the upstreams' and the keys' limits in one place, and one fair queue before them. */
export class Admission {
  readonly queue: FairQueue;
  #queueTimeoutMs: number;
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #asks = new WeakMap<object, Wanted>();

  constructor(settings: AdmissionSettings, clock: Clock) {
    this.#slots = new Slots(settings.maxConcurrent);
    this.#queueTimeoutMs = settings.queueTimeoutMs;
    this.#clock = clock;
    this.queue = new FairQueue(clock);
  }

  /** The longest known wait that a request is kept for, in ms. */
  get queueTimeoutMs(): number {
    return this.#queueTimeoutMs;
  }

  /** New bounds for those who come; those who wait are tried again. */
  reconfigure(settings: AdmissionSettings): void {
    this.#slots.limit = settings.maxConcurrent;
    this.#queueTimeoutMs = settings.queueTimeoutMs;
    this.#wakeQueue();
  }

  /** Takes the room that is wanted, all of it or nothing. */
  tryTake(wanted: Wanted, mayTake: (resource: Resource) => boolean): Leave {
    const { slots, key } = wanted;
    const nowMs = this.#clock.monotonic();
    const standing = key?.availability(wanted.model, estimateFor(wanted, key), nowMs);
    if (standing?.kind === 'last-resort' || standing?.kind === 'retired') return standing;
    if (!this.#slots.hasRoom || !mayTake(this.#slots)) return short(this.#slots);
    if (!slots.hasRoom || !mayTake(slots)) return short(slots);
    if (key === undefined) return this.take(wanted);
    if (standing?.kind === 'wait') return { kind: 'short', on: key, waitMs: standing.waitMs };
    if (standing?.kind === 'busy' || !mayTake(key)) return short(key);
    return this.take(wanted);
  }

  /** Takes the room without asking whether there is any. */
  take(wanted: Wanted): Extract<Leave, { kind: 'permit' }> {
    const { slots, key } = wanted;
    const clock = this.#clock;
    const reservation = key?.limits.reserve(estimateFor(wanted, key), clock.monotonic());
    const taken = key === undefined ? [this.#slots, slots] : [this.#slots, slots, key.slots];
    return {
      kind: 'permit',
      permit: new Permit({ slots: taken, reservation, clock, onEnd: this.#wakeQueue }),
    };
  }

  /** Remembers what a waiter waits with, so that newcomers can be told their true wait. */
  remember<T>(tryTake: Try<T>, wanted: Wanted): void {
    this.#asks.set(tryTake, wanted);
  }

  /**
   * How long a newcomer would wait, those before it in the queue counted; undefined when only the end of
   * another request can tell.
   */
  knownWaitMs(blocked: Blocked, group: string | undefined, bodyBytes: number): number | undefined {
    if (blocked.waitMs === undefined) return undefined;
    const keys = blocked.on.filter((resource) => resource instanceof PooledKey);
    if (keys.length === 0 || this.queue.length === 0) return blocked.waitMs;
    const ahead = this.queue.ahead(group).flatMap((tryTake) => this.#asks.get(tryTake) ?? []);
    const nowMs = this.#clock.monotonic();
    const waits = keys.map((key, index) => {
      // Those ahead spread over the keys: each takes the one that is free first.
      const share = ahead.filter((_ask, place) => place % keys.length === index);
      const estimates = [...share.map((ask) => estimateFor(ask, key)), estimateFor({ bodyBytes }, key)];
      return Math.max(key.cooldownMs(nowMs), key.limits.waitMsAfter(estimates, nowMs));
    });
    return Math.max(blocked.waitMs, Math.min(...waits));
  }

  readonly #wakeQueue = () => {
    if (this.queue.length > 0) this.queue.wake();
  };
}

const short = (on: Resource): Leave => ({ kind: 'short', on, waitMs: undefined });

const estimateFor = ({ bodyBytes }: Pick<Wanted, 'bodyBytes'>, key: PooledKey): TokenEstimate => ({
  input: inputEstimate(bodyBytes),
  output: key.limits.expectedOutput(),
});
