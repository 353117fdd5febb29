import type { Clock, Timer } from '../ports.ts';
import type { Cancellation } from '../resilience/cancellation.ts';

/** Anything that can be short: a key, an upstream, the relay itself. Compared by identity. */
export type Resource = object;

/** One try to take room. `mayTake` is false for what an earlier waiter has a claim on. */
export type Try<T> = (mayTake: MayTake) => Taken<T> | Blocked;

type MayTake = (resource: Resource) => boolean;

/** Room was taken; `value` is what the taker needs to use it. */
export type Taken<T> = { readonly kind: 'taken'; readonly value: T };

/**
 * Nothing to be had now. `on`: all that would do, claimed so that nobody overtakes. `waitMs`: when the clock alone
 * makes another try worthwhile; undefined: only `wake` can help.
 */
export type Blocked = {
  readonly kind: 'blocked';
  readonly on: readonly Resource[];
  readonly waitMs: number | undefined;
};

/** How waiting ended. */
export type QueueTurn<T> = Taken<T> | { readonly kind: 'timed-out' } | { readonly kind: 'cancelled' };

/** What waits: `group` is its session; without one it is a group of its own. */
export type QueueEntry<T> = {
  readonly group: string | undefined;
  readonly tryTake: Try<T>;
  readonly timeoutMs: number;
  readonly cancellation: Cancellation;
};

type Waiter = {
  readonly place: string | object;
  readonly tryTake: Try<unknown>;
  readonly expiresAt: number;
  readonly cancellation: Cancellation;
  readonly onCancel: () => void;
  readonly attempt: (mayTake: MayTake) => Blocked | undefined;
  readonly resolve: (end: { readonly kind: 'timed-out' | 'cancelled' }) => void;
};

// A longer timer fires at once in Node; firing early costs one pass.
const longestTimerMs = 2 ** 31 - 1;
const shortestTimerMs = 1;
const everything = () => true;
const nothing = () => false;

/** A try that settles the promise unless it is blocked. */
const attemptFor =
  <T>(tryTake: Try<T>, { resolve, reject }: PromiseWithResolvers<QueueTurn<T>>) =>
  (mayTake: MayTake): Blocked | undefined => {
    try {
      const outcome = tryTake(mayTake);
      if (outcome.kind === 'blocked') return outcome;
      resolve(outcome);
    } catch (error) {
      reject(error);
    }
    return undefined;
  };

/** Lets requests wait for room: in order within a group, in turn among groups, never past an earlier claim. */
export class FairQueue {
  readonly #clock: Clock;
  // In order of service: a served group goes to the end, a blocked one keeps its place.
  readonly #groups = new Map<string | object, Waiter[]>();
  readonly #claims = new Set<Resource>();
  readonly #mayTake = (resource: Resource) => !this.#claims.has(resource);
  #length = 0;
  #isBusy = false;
  #isPassDue = false;
  #trying: Waiter | undefined;
  #retryAt = Number.POSITIVE_INFINITY;
  #expiresAt = Number.POSITIVE_INFINITY;
  #alarm: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** Tries at once, behind everybody who waits. */
  tryNow<T>(tryTake: Try<T>): Taken<T> | Blocked {
    if (this.#length === 0) return tryTake(everything);
    // In the middle of a pass the claims are incomplete.
    if (this.#isBusy) return tryTake(nothing);
    return this.#act(() => tryTake(this.#mayTake));
  }

  /** Waits for its turn; rejects with what its own `tryTake` throws. */
  wait<T>(entry: QueueEntry<T>): Promise<QueueTurn<T>> {
    const { tryTake, cancellation } = entry;
    if (cancellation.isCancelled) return Promise.resolve({ kind: 'cancelled' });
    const turn = Promise.withResolvers<QueueTurn<T>>();
    const waiter: Waiter = {
      place: entry.group ?? {},
      tryTake,
      expiresAt: this.#clock.monotonic() + entry.timeoutMs,
      cancellation,
      onCancel: () => this.#cancel(waiter),
      attempt: attemptFor(tryTake, turn),
      resolve: turn.resolve,
    };
    this.#enter(waiter);
    return turn.promise;
  }

  /** Something became free or changed: those who wait are tried in turn. */
  wake(): void {
    if (this.#length === 0) return;
    this.#act(() => {
      this.#isPassDue = true;
    });
  }

  /** The tries that will have their turn before a newcomer of that group, in order of service. */
  ahead(group: string | undefined): readonly Try<unknown>[] {
    const queues = [...this.#groups.values()];
    const own = group === undefined ? undefined : this.#groups.get(group);
    const ownTurn = own?.length ?? 0;
    const earlier = own === undefined ? queues : queues.slice(0, queues.indexOf(own));
    const tries: Try<unknown>[] = [];
    for (let turn = 0; turn <= ownTurn; turn += 1) {
      for (const queue of turn < ownTurn ? queues : earlier) {
        const waiter = queue[turn];
        if (waiter !== undefined) tries.push(waiter.tryTake);
      }
    }
    return tries;
  }

  #enter(waiter: Waiter): void {
    const queue = this.#groups.get(waiter.place) ?? [];
    queue.push(waiter);
    this.#groups.set(waiter.place, queue);
    this.#length += 1;
    this.#expiresAt = Math.min(this.#expiresAt, waiter.expiresAt);
    waiter.cancellation.add(waiter.onCancel);
    if (this.#isBusy) this.wake();
    // It is the last in order, so trying it alone is as good as a whole pass.
    else if (queue.length === 1) this.#act(() => this.#tryHead(queue));
    else this.#setAlarm();
  }

  #cancel(waiter: Waiter): void {
    // Cancelled by its own try: what that takes must still be handed over.
    if (waiter === this.#trying) return;
    this.#act(() => this.#giveUp(waiter, 'cancelled'));
  }

  #act<R>(step: () => R): R {
    if (this.#isBusy) return step();
    this.#isBusy = true;
    try {
      return step();
    } finally {
      this.#makePasses();
      this.#isBusy = false;
      this.#setAlarm();
    }
  }

  #makePasses(): void {
    let fruitless = 0;
    do {
      const before = this.#length;
      if (this.#isPassDue) this.#makePass();
      this.#expire();
      fruitless = this.#length < before ? 0 : fruitless + 1;
      // A try that always wakes the queue must not keep it here for ever.
    } while (this.#isPassDue && fruitless < 2);
    if (this.#isPassDue) this.#retryAt = this.#clock.monotonic();
    this.#isPassDue = false;
  }

  #makePass(): void {
    this.#isPassDue = false;
    this.#claims.clear();
    this.#retryAt = Number.POSITIVE_INFINITY;
    // A group that goes to the end is met again there.
    for (const queue of this.#groups.values()) this.#tryHead(queue);
  }

  #tryHead(queue: Waiter[]): void {
    const [head] = queue;
    if (head === undefined) return;
    this.#trying = head;
    const blocked = head.attempt(this.#mayTake);
    this.#trying = undefined;
    if (blocked === undefined) {
      this.#remove(head);
      this.#groups.delete(head.place);
      if (queue.length > 0) this.#groups.set(head.place, queue);
      return;
    }
    for (const resource of blocked.on) this.#claims.add(resource);
    if (blocked.waitMs !== undefined)
      this.#retryAt = Math.min(this.#retryAt, this.#clock.monotonic() + blocked.waitMs);
    if (head.cancellation.isCancelled) this.#giveUp(head, 'cancelled');
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    if (now < this.#expiresAt) return;
    this.#expiresAt = Number.POSITIVE_INFINITY;
    for (const waiter of [...this.#groups.values()].flat()) {
      if (waiter.expiresAt <= now) this.#giveUp(waiter, 'timed-out');
      else this.#expiresAt = Math.min(this.#expiresAt, waiter.expiresAt);
    }
  }

  #giveUp(waiter: Waiter, kind: 'timed-out' | 'cancelled'): void {
    // Only the head of a group has claims that others may now use.
    if (this.#groups.get(waiter.place)?.[0] === waiter) this.#isPassDue = true;
    this.#remove(waiter);
    waiter.resolve({ kind });
  }

  #remove(waiter: Waiter): void {
    const queue = this.#groups.get(waiter.place) ?? [];
    queue.splice(queue.indexOf(waiter), 1);
    if (queue.length === 0) this.#groups.delete(waiter.place);
    this.#length -= 1;
    waiter.cancellation.remove(waiter.onCancel);
  }

  #setAlarm(): void {
    if (this.#length === 0) this.#expiresAt = Number.POSITIVE_INFINITY;
    const at = Math.min(this.#retryAt, this.#expiresAt);
    if (at === this.#alarm?.at) return;
    this.#alarm?.timer.cancel();
    this.#alarm = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    const durationMs = Math.max(shortestTimerMs, Math.min(longestTimerMs, at - this.#clock.monotonic()));
    const timer = this.#clock.startTimer(durationMs, () => {
      this.#alarm = undefined;
      this.wake();
    });
    this.#alarm = { at, timer };
  }
}
