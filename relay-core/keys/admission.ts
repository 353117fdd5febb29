import type { Clock } from '../ports.ts';
import { inputEstimate, type KeyLimits, type TokenEstimate } from './limits.ts';
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
  readonly #asks = new WeakMap<object, Ask>();

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
    if (key === undefined) return this.#take(wanted);
    if (standing?.kind === 'wait') return { kind: 'short', on: key, waitMs: standing.waitMs };
    if (standing?.kind === 'busy' || !mayTake(key)) return short(key);
    return this.#take(wanted);
  }

  /** Takes room for what rests, whatever its limits say; never more at the same time than may run. */
  takeLastResort(wanted: Wanted): Leave {
    const taken = [this.#slots, wanted.slots, ...(wanted.key ? [wanted.key.slots] : [])];
    const full = taken.find((slots) => !slots.hasRoom);
    return full === undefined ? this.#take(wanted) : short(full);
  }

  #take(wanted: Wanted): Extract<Leave, { kind: 'permit' }> {
    const { slots, key } = wanted;
    const clock = this.#clock;
    const reservation = key?.limits.reserve(estimateFor(wanted, key), clock.monotonic());
    const taken = key === undefined ? [this.#slots, slots] : [this.#slots, slots, key.slots];
    return {
      kind: 'permit',
      permit: new Permit({ slots: taken, reservation, clock, onEnd: this.#wakeQueue }),
    };
  }

  /** Remembers what a waiter waits for, so that newcomers can be told their true wait. */
  remember<T>(tryTake: Try<T>, blocked: Blocked, bodyBytes: number): void {
    this.#asks.set(tryTake, { keys: keysIn(blocked), bodyBytes });
  }

  /**
   * How long a newcomer would wait in ms, those before it in the queue counted; undefined when only the end of
   * another request can tell.
   */
  knownWaitMs(blocked: Blocked, group: string | undefined, bodyBytes: number): number | undefined {
    const nowMs = this.#clock.monotonic();
    const keys = keysIn(blocked);
    if (keys.length < blocked.on.length || keys.some((key) => !isTimed(key, nowMs))) return undefined;
    if (this.queue.length === 0) return blocked.waitMs;
    const ahead = this.queue.ahead(group).flatMap((tryTake) => this.#asks.get(tryTake) ?? []);
    return forecastWaitMs([...ahead, { keys, bodyBytes }], nowMs);
  }

  readonly #wakeQueue = () => {
    if (this.queue.length > 0) this.queue.wake();
  };
}

/** A request that waits for one of these keys. */
type Ask = { readonly keys: readonly PooledKey[]; readonly bodyBytes: number };

const keysIn = ({ on }: Blocked): readonly PooledKey[] =>
  on.filter((resource) => resource instanceof PooledKey);

/** True when the clock alone frees the key. */
const isTimed = (key: PooledKey, nowMs: number): boolean =>
  key.standing(nowMs).kind !== 'checking' && key.slots.hasRoom;

/** The wait of the last of these, when each takes the key of its own that is free first, one after the other. */
const forecastWaitMs = (asks: readonly Ask[], nowMs: number): number => {
  const futures = new Map<PooledKey, Future>();
  let waitMs = 0;
  for (const ask of asks) {
    const options = ask.keys.map((key) => {
      const future = futures.get(key) ?? {
        limits: key.limits.copy(),
        freeAtMs: nowMs + key.cooldownMs(nowMs),
      };
      futures.set(key, future);
      const needed = estimateFor(ask, key);
      return { future, needed, atMs: future.freeAtMs + future.limits.waitMs(needed, future.freeAtMs) };
    });
    const [best] = options.sort((left, right) => left.atMs - right.atMs);
    if (best === undefined) continue;
    best.future.limits.reserve(best.needed, best.atMs);
    best.future.freeAtMs = best.atMs;
    waitMs = best.atMs - nowMs;
  }
  return waitMs;
};

/** A key as it will be: nobody overtakes, so that it is free no sooner than for the one before. */
type Future = { readonly limits: KeyLimits; freeAtMs: number };

const short = (on: Resource): Leave => ({ kind: 'short', on, waitMs: undefined });

const estimateFor = ({ bodyBytes }: Pick<Wanted, 'bodyBytes'>, key: PooledKey): TokenEstimate => ({
  input: inputEstimate(bodyBytes),
  output: key.limits.expectedOutput(),
});
