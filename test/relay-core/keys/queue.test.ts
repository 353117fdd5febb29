import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Blocked, FairQueue, type Resource, type Try } from '../../../relay-core/keys/queue.ts';
import { Cancellation } from '../../../relay-core/resilience/cancellation.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Tokens that come back by the clock, or only by hand when `everyMs` is undefined. */
class Bucket {
  readonly #clock: FakeClock;
  readonly #capacity: number;
  readonly #everyMs: number | undefined;
  #tokens: number;
  #filledAt: number;

  constructor(clock: FakeClock, capacity: number, everyMs?: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#everyMs = everyMs;
    this.#tokens = capacity;
    this.#filledAt = clock.monotonic();
  }

  get tokens(): number {
    const everyMs = this.#everyMs;
    if (everyMs === undefined) return this.#tokens;
    const drops = Math.floor((this.#clock.monotonic() - this.#filledAt) / everyMs);
    this.#filledAt += drops * everyMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + drops);
    return this.#tokens;
  }

  take(need: number): void {
    this.#tokens = this.tokens - need;
  }

  putBack(count: number): void {
    this.#tokens = Math.min(this.#capacity, this.tokens + count);
  }

  waitMs(need: number): number | undefined {
    if (this.#everyMs === undefined || need > this.#capacity) return undefined;
    return (need - this.tokens) * this.#everyMs - (this.#clock.monotonic() - this.#filledAt);
  }
}

const blocked = (on: readonly Resource[], waitMs?: number): Blocked => ({ kind: 'blocked', on, waitMs });

const earliest = (waits: readonly (number | undefined)[]): number | undefined => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** Takes `need` tokens from the first bucket that has them. */
const takeFrom =
  (buckets: readonly Bucket[], need = 1): Try<Bucket> =>
  (mayTake) => {
    const bucket = buckets.find((each) => mayTake(each) && each.tokens >= need);
    if (bucket === undefined) return blocked(buckets, earliest(buckets.map((each) => each.waitMs(need))));
    bucket.take(need);
    return { kind: 'taken', value: bucket };
  };

class WatchedCancellation extends Cancellation {
  readonly listeners = new Set<() => void>();
  readonly #onRemove: () => void;

  constructor(onRemove: () => void = () => {}) {
    super();
    this.#onRemove = onRemove;
  }

  override add(listener: () => void): void {
    this.listeners.add(listener);
    super.add(listener);
  }

  override remove(listener: () => void): void {
    this.listeners.delete(listener);
    super.remove(listener);
    this.#onRemove();
  }

  override cancel(): void {
    super.cancel();
    this.listeners.clear();
  }
}

const turnsOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve));

type Wish = { group?: string; timeoutMs?: number; cancellation?: WatchedCancellation };

/** A queue, and a log of how each named waiter ended. */
const open = () => {
  const clock = new FakeClock();
  const queue = new FairQueue(clock);
  const ends: string[] = [];
  const taken: string[] = [];
  const tries: string[] = [];
  const enter = (name: string, tryTake: Try<unknown>, wish: Wish = {}) => {
    const { group, timeoutMs = 60_000, cancellation = new WatchedCancellation() } = wish;
    const watched: Try<unknown> = (mayTake) => {
      tries.push(name);
      const outcome = tryTake(mayTake);
      if (outcome.kind === 'taken') taken.push(name);
      return outcome;
    };
    queue
      .wait({ group, tryTake: watched, timeoutMs, cancellation })
      .then(({ kind }) => ends.push(`${name} ${kind}`))
      .catch((error: unknown) => ends.push(`${name} ${String(error)}`));
    return cancellation;
  };
  return { clock, queue, ends, taken, tries, enter };
};

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('trying without waiting', () => {
  it('takes at once while nobody waits', () => {
    const { clock, queue } = open();
    const bucket = new Bucket(clock, 1);
    expect(queue.tryNow(takeFrom([bucket]))).toEqual({ kind: 'taken', value: bucket });
    expect(queue.tryNow(takeFrom([bucket]))).toEqual(blocked([bucket]));
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not overtake those who wait, unless for what none of them wants', () => {
    const { clock, queue, enter } = open();
    const [wanted, other] = [new Bucket(clock, 5), new Bucket(clock, 5)];
    wanted.take(3);
    enter('large', takeFrom([wanted], 5));
    expect(queue.tryNow(takeFrom([wanted])).kind).toBe('blocked');
    expect(queue.tryNow(takeFrom([wanted, other]))).toEqual({ kind: 'taken', value: other });
    wanted.putBack(3);
    expect(queue.tryNow(takeFrom([wanted])).kind).toBe('blocked');
    queue.wake();
    expect([queue.length, wanted.tokens]).toEqual([0, 0]);
    wanted.putBack(1);
    expect(queue.tryNow(takeFrom([wanted])).kind).toBe('taken');
  });

  it('gets nothing from within a pass', () => {
    const { clock, queue, enter } = open();
    const [wanted, other] = [new Bucket(clock, 1), new Bucket(clock, 1)];
    wanted.take(1);
    const seen: string[] = [];
    enter('asks', (mayTake) => {
      if (queue.length > 0) seen.push(queue.tryNow(takeFrom([other])).kind);
      return takeFrom([wanted])(mayTake);
    });
    queue.wake();
    expect(new Set(seen)).toEqual(new Set(['blocked']));
  });

  it('throws what the try throws and goes on working', () => {
    const { clock, queue, enter, taken } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    enter('waits', takeFrom([bucket]));
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => queue.tryNow(broken)).toThrow('broken');
    bucket.putBack(1);
    queue.wake();
    expect(taken).toEqual(['waits']);
  });

  it('makes a wake from inside the try wait until the try is over', () => {
    const { clock, queue, enter, tries } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    enter('waits', takeFrom([bucket]));
    const before = tries.length;
    const during: number[] = [];
    queue.tryNow(() => {
      queue.wake();
      during.push(tries.length - before);
      return blocked([bucket]);
    });
    expect([during, tries.length - before]).toEqual([[0], 1]);
  });
});

describe('the order of service', () => {
  const serveOneByOne = (bucket: Bucket, queue: FairQueue) => {
    while (queue.length > 0) {
      bucket.putBack(1);
      queue.wake();
    }
  };

  it('is in turn among sessions, in order within one; who has no session is one of its own', () => {
    const { clock, queue, enter, taken } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2'])
      enter(name, takeFrom([bucket]), { group: name.charAt(0) });
    enter('x', takeFrom([bucket]));
    enter('y', takeFrom([bucket]));
    serveOneByOne(bucket, queue);
    expect(taken).toEqual(['a1', 'b1', 'x', 'y', 'a2', 'b2', 'a3']);
  });

  it('is kept when one pass serves many', () => {
    const { clock, queue, enter, taken } = open();
    const bucket = new Bucket(clock, 9);
    bucket.take(9);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'])
      enter(name, takeFrom([bucket]), { group: name.charAt(0) });
    bucket.putBack(9);
    queue.wake();
    expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('makes a session wait behind its first waiter even for something else', () => {
    const { clock, enter, taken } = open();
    const [empty, full] = [new Bucket(clock, 1), new Bucket(clock, 9)];
    empty.take(1);
    enter('a1', takeFrom([empty]), { group: 'a' });
    enter('a2', takeFrom([full]), { group: 'a' });
    enter('b1', takeFrom([full]), { group: 'b' });
    expect(taken).toEqual(['b1']);
  });

  it('keeps a blocked session in its place while others are served', () => {
    const { clock, queue, enter, taken } = open();
    const [scarce, plenty] = [new Bucket(clock, 2), new Bucket(clock, 1)];
    scarce.take(2);
    plenty.take(1);
    enter('large', takeFrom([scarce], 2), { group: 'l' });
    for (const name of ['a1', 'a2', 'a3']) enter(name, takeFrom([scarce, plenty]), { group: 'a' });
    for (const give of [plenty, scarce, plenty, scarce]) {
      give.putBack(1);
      queue.wake();
    }
    expect(taken).toEqual(['a1', 'a2', 'large']);
  });

  it('is what `ahead` foretells, for every session and for a stranger', () => {
    const groups = ['a', 'b', 'c', 'd', undefined];
    const group = fc.constantFrom(...groups);
    fc.assert(
      fc.property(
        fc.array(group, { maxLength: 20 }),
        fc.nat(8),
        group,
        (entering, servedBefore, newcomer) => {
          const { clock, queue, enter, taken } = open();
          const bucket = new Bucket(clock, 1);
          bucket.take(1);
          const note = (name: string) => enter(name, takeFrom([bucket]), {});
          note('first');
          entering.forEach((each, index) => {
            enter(String(index), takeFrom([bucket]), each === undefined ? {} : { group: each });
          });
          for (const _ of numbered(servedBefore)) {
            bucket.putBack(1);
            queue.wake();
          }
          bucket.take(bucket.tokens);
          taken.length = 0;
          const ahead = queue.ahead(newcomer);
          enter('newcomer', takeFrom([bucket]), newcomer === undefined ? {} : { group: newcomer });
          serveOneByOne(bucket, queue);
          const expected = taken.slice(0, taken.indexOf('newcomer'));
          taken.length = 0;
          for (const each of ahead) {
            bucket.putBack(1);
            each(() => true);
          }
          expect(taken).toEqual(expected);
        },
      ),
    );
  });
});

describe('the clock', () => {
  it('serves by one timer, at the earliest time anybody named', () => {
    const { clock, enter, taken } = open();
    const [slow, fast] = [new Bucket(clock, 1, 500), new Bucket(clock, 1, 100)];
    slow.take(1);
    fast.take(1);
    enter('slow', takeFrom([slow]));
    enter('fast', takeFrom([fast]));
    expect(clock.pendingTimers).toBe(1);
    clock.advance(99);
    expect(taken).toEqual([]);
    clock.advance(1);
    expect(taken).toEqual(['fast']);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(400);
    expect(taken).toEqual(['fast', 'slow']);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([0, -5, 0.01])('tries at most once a millisecond when told to wait %d ms', (waitMs) => {
    const { clock, enter, tries } = open();
    enter('eager', () => blocked([], waitMs));
    clock.advance(10);
    expect(tries.length).toBeLessThanOrEqual(11);
    expect(tries.length).toBeGreaterThan(9);
  });

  it('never starts a timer longer than Node can hold', () => {
    const durations: number[] = [];
    class StrictClock extends FakeClock {
      override startTimer(durationMs: number, onFire: () => void) {
        durations.push(durationMs);
        return super.startTimer(durationMs, onFire);
      }
    }
    const queue = new FairQueue(new StrictClock());
    const tryTake = () => blocked([], 2 ** 40);
    const timeoutMs = Number.POSITIVE_INFINITY;
    void queue.wait({ group: undefined, tryTake, timeoutMs, cancellation: new Cancellation() });
    expect(durations).toEqual([2 ** 31 - 1]);
  });

  it('gives a waiter one last try at the very end of its time', async () => {
    const { clock, enter, ends } = open();
    const bucket = new Bucket(clock, 1, 100);
    bucket.take(1);
    enter('lucky', takeFrom([bucket]), { timeoutMs: 100 });
    enter('late', takeFrom([bucket]), { timeoutMs: 100 });
    clock.advance(100);
    await turnsOfTheLoop();
    expect(ends).toEqual(['lucky taken', 'late timed-out']);
  });
});

describe('leaving', () => {
  it('frees the claim: others are tried at once', async () => {
    const { clock, queue, enter, taken, ends } = open();
    const bucket = new Bucket(clock, 3);
    bucket.take(1);
    const cancellation = enter('large', takeFrom([bucket], 3), { group: 'a' });
    enter('next of its session', takeFrom([bucket]), { group: 'a' });
    enter('small', takeFrom([bucket]));
    expect(taken).toEqual([]);
    cancellation.cancel();
    expect(taken).toEqual(['next of its session', 'small']);
    await turnsOfTheLoop();
    expect(ends[0]).toBe('large cancelled');
    expect([queue.length, clock.pendingTimers, cancellation.listeners.size]).toEqual([0, 0, 0]);
  });

  it('by time frees the claim too', () => {
    const { clock, enter, taken } = open();
    const bucket = new Bucket(clock, 3);
    bucket.take(1);
    enter('large', takeFrom([bucket], 3), { timeoutMs: 50 });
    enter('small', takeFrom([bucket]));
    clock.advance(50);
    expect(taken).toEqual(['small']);
  });

  it('by time is not put off by somebody of the same session with more time', async () => {
    const { clock, enter, ends } = open();
    enter('patient', () => blocked([]), { group: 'a' });
    enter('hasty', () => blocked([]), { group: 'a', timeoutMs: 50 });
    clock.advance(50);
    await turnsOfTheLoop();
    expect(ends).toEqual(['hasty timed-out']);
  });

  it('leaves no claim behind in an empty queue', () => {
    const { clock, queue, enter } = open();
    const bucket = new Bucket(clock, 3);
    bucket.take(1);
    enter('large', takeFrom([bucket], 3)).cancel();
    expect(queue.tryNow(takeFrom([bucket])).kind).toBe('taken');
  });

  it('is at once when cancelled before entering: nothing is tried', async () => {
    const { queue, enter, ends, tries } = open();
    const cancellation = new WatchedCancellation();
    cancellation.cancel();
    enter('gone', () => ({ kind: 'taken', value: 1 }), { cancellation });
    await turnsOfTheLoop();
    expect([ends, tries, queue.length]).toEqual([['gone cancelled'], [], 0]);
  });

  it('tries once when there is no time to wait', async () => {
    const { clock, queue, enter, ends } = open();
    const bucket = new Bucket(clock, 1);
    enter('served', takeFrom([bucket]), { timeoutMs: 0 });
    enter('late', takeFrom([bucket]), { timeoutMs: 0 });
    await turnsOfTheLoop();
    expect([ends, queue.length, clock.pendingTimers]).toEqual([['served taken', 'late timed-out'], 0, 0]);
  });

  it.each([
    ['taken', 1],
    ['cancelled', 0],
  ])('in the middle of its own try ends as %s, by what the try says', async (kind, tokens) => {
    const { clock, queue, enter, ends } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    const cancellation = new WatchedCancellation();
    const tryTake: Try<unknown> = (mayTake) => {
      if (queue.length > 0 && bucket.tokens === tokens && ready) cancellation.cancel();
      return takeFrom([bucket])(mayTake);
    };
    let ready = false;
    enter('self', tryTake, { cancellation });
    bucket.putBack(tokens);
    ready = true;
    queue.wake();
    await turnsOfTheLoop();
    expect([ends, queue.length, bucket.tokens]).toEqual([[`self ${kind}`], 0, 0]);
  });

  it('in the middle of a pass, by another’s try, is safe for those before and behind', async () => {
    const { clock, queue, enter, ends, taken } = open();
    const [scarce, plenty] = [new Bucket(clock, 2), new Bucket(clock, 9)];
    scarce.take(1);
    plenty.take(9);
    const before = enter('before', takeFrom([scarce], 2));
    const behind = new WatchedCancellation();
    enter('killer', (mayTake) => {
      const outcome = takeFrom([plenty])(mayTake);
      if (outcome.kind === 'taken') for (const each of [before, behind]) each.cancel();
      return outcome;
    });
    enter('behind', takeFrom([plenty]), { cancellation: behind });
    enter('small', takeFrom([scarce]));
    plenty.putBack(9);
    queue.wake();
    expect(taken).toEqual(['killer', 'small']);
    await turnsOfTheLoop();
    expect(ends.toSorted()).toEqual(['before cancelled', 'behind cancelled', 'killer taken', 'small taken']);
    expect([queue.length, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('by throwing rejects that waiter only', async () => {
    const { clock, queue, enter, ends } = open();
    const bucket = new Bucket(clock, 2);
    bucket.take(2);
    enter('a', takeFrom([bucket]));
    const cancellation = enter('broken', () => {
      if (bucket.tokens > 0) throw new Error('broken');
      return blocked([bucket]);
    });
    enter('b', takeFrom([bucket]));
    bucket.putBack(2);
    queue.wake();
    await turnsOfTheLoop();
    expect(ends.toSorted()).toEqual(['a taken', 'b taken', 'broken Error: broken']);
    expect([queue.length, clock.pendingTimers, cancellation.listeners.size]).toEqual([0, 0, 0]);
  });
});

describe('a wake during a pass', () => {
  it('asks for another pass, which comes after this one', () => {
    const { clock, queue, enter, tries, taken } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    let frees = false;
    enter('first', takeFrom([bucket]));
    enter('freeing', () => {
      if (frees) {
        frees = false;
        bucket.putBack(1);
        queue.wake();
      }
      return blocked([]);
    });
    frees = true;
    tries.length = 0;
    queue.wake();
    expect(tries).toEqual(['first', 'freeing', 'first', 'freeing']);
    expect(taken).toEqual(['first']);
  });

  it('never keeps the queue busy, even if every try wakes it', () => {
    const { clock, queue, enter, tries } = open();
    const waking = () => {
      queue.wake();
      return blocked([]);
    };
    for (const index of numbered(5)) enter(String(index), waking);
    tries.length = 0;
    clock.advance(10);
    expect(tries.length).toBeLessThanOrEqual(10 * 5 * 2);
    expect(tries.length).toBeGreaterThan(10 * 5);
    expect(clock.pendingTimers).toBe(1);
  });

  it('tries those who enter in the middle of a pass behind the others', () => {
    const { clock, queue, enter, taken } = open();
    const bucket = new Bucket(clock, 9);
    bucket.take(9);
    enter('a', (mayTake) => {
      const outcome = takeFrom([bucket])(mayTake);
      if (outcome.kind === 'taken') enter('late', takeFrom([bucket]));
      return outcome;
    });
    enter('b', takeFrom([bucket]));
    bucket.putBack(9);
    queue.wake();
    expect(taken).toEqual(['a', 'b', 'late']);
  });
});

describe('a crowd', () => {
  it('of 500 is served or given up with a number of tries in proportion', async () => {
    const { clock, queue, enter, ends, tries } = open();
    const bucket = new Bucket(clock, 250);
    bucket.take(250);
    for (const index of numbered(500)) enter(String(index), takeFrom([bucket]), { timeoutMs: 1000 });
    expect(tries).toHaveLength(500);
    bucket.putBack(250);
    queue.wake();
    expect(tries).toHaveLength(1000);
    clock.advance(1000);
    expect(tries).toHaveLength(1250);
    await turnsOfTheLoop();
    expect(ends.filter((end) => end.endsWith('taken'))).toHaveLength(250);
    expect(ends.filter((end) => end.endsWith('timed-out'))).toHaveLength(250);
    expect([queue.length, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('of one session costs one try a pass', () => {
    const { clock, queue, enter, tries } = open();
    const bucket = new Bucket(clock, 1);
    bucket.take(1);
    for (const index of numbered(500)) enter(String(index), takeFrom([bucket]), { group: 'a' });
    queue.wake();
    expect(tries).toHaveLength(2);
  });

  it('of small ones that keep coming does not starve a large one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 10 }), fc.nat(10), fc.boolean(), (size, already, isNow) => {
        const { clock, queue, enter, taken } = open();
        const bucket = new Bucket(clock, size, 10);
        bucket.take(size);
        for (const index of numbered(already)) enter(`early ${index}`, takeFrom([bucket]));
        enter('large', takeFrom([bucket], size), { group: 'l' });
        for (const ms of numbered((already + size) * 10)) {
          if (isNow) queue.tryNow(takeFrom([bucket]));
          else enter(`small ${ms}`, takeFrom([bucket]), { group: `s${ms % 3}` });
          clock.advance(1);
        }
        expect(taken).toHaveLength(already + 1);
        expect(taken.at(-1)).toBe('large');
      }),
    );
  });

  it('of sessions that always wait for the same thing is served evenly', () => {
    const refills = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 30 });
    const needs = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(refills, needs, fc.nat(40), (amounts, needPerGroup, strangers) => {
        const { clock, queue, enter, taken } = open();
        const bucket = new Bucket(clock, 7);
        bucket.take(7);
        needPerGroup.forEach((need, group) => {
          for (const _ of numbered(250)) enter(`g${group}`, takeFrom([bucket], need), { group: `g${group}` });
        });
        amounts.forEach((amount, index) => {
          if (index < strangers) enter('stranger', takeFrom([bucket]));
          bucket.putBack(amount);
          queue.wake();
          const served = needPerGroup.map((_, group) => taken.filter((name) => name === `g${group}`).length);
          expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});

/** What the queue promises, kept beside it in the plainest way. */
class Model {
  readonly #waiting: { id: number; group: string; on: readonly Resource[] }[][] = [];

  enter(id: number, group: string | undefined): void {
    const waiter = { id, group: group ?? `stranger ${id}`, on: [] };
    const own = this.#waiting.find(([head]) => head?.group === waiter.group);
    if (own === undefined) this.#waiting.push([waiter]);
    else own.push(waiter);
  }

  block(id: number, on: readonly Resource[]): void {
    const [head] = this.#groupOf(id);
    if (head?.id !== id) throw new Error('tried out of the order of its session');
    head.on = on;
  }

  take(id: number, resource: Resource): void {
    const group = this.#groupOf(id);
    if (group[0]?.id !== id) throw new Error('served out of the order of its session');
    const place = this.#waiting.indexOf(group);
    this.check(resource, place);
    this.#waiting.splice(place, 1);
    group.shift();
    if (group.length > 0) this.#waiting.push(group);
  }

  check(resource: Resource, place = this.#waiting.length): void {
    const isClaimed = this.#waiting.slice(0, place).some(([head]) => head?.on.includes(resource));
    if (isClaimed) throw new Error('overtook a claim');
  }

  leave(id: number): void {
    const group = this.#groupOf(id);
    group.splice(
      group.findIndex((waiter) => waiter.id === id),
      1,
    );
    if (group.length === 0) this.#waiting.splice(this.#waiting.indexOf(group), 1);
  }

  get heads() {
    return this.#waiting.flatMap((group) => group.slice(0, 1));
  }

  get length(): number {
    return this.#waiting.flat().length;
  }

  #groupOf(id: number) {
    const group = this.#waiting.find((waiters) => waiters.some((waiter) => waiter.id === id));
    if (group === undefined) throw new Error('served or tried although it does not wait');
    return group;
  }
}

type Step =
  | { kind: 'enter'; group: string | undefined; wants: readonly number[]; need: number; timeoutMs: number }
  | { kind: 'try-now'; wants: readonly number[]; need: number }
  | { kind: 'advance'; ms: number }
  | { kind: 'cancel'; pick: number }
  | { kind: 'put-back'; bucket: number; count: number };

const wants = fc.subarray([0, 1, 2, 3], { minLength: 1 });
const need = fc.integer({ min: 1, max: 3 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant<'enter'>('enter'),
      group: fc.constantFrom('a', 'b', 'c', undefined),
      wants,
      need,
      timeoutMs: fc.nat(60),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant<'try-now'>('try-now'), wants, need }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant<'advance'>('advance'), ms: fc.integer({ min: 1, max: 15 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant<'cancel'>('cancel'), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant<'put-back'>('put-back'),
      bucket: fc.constantFrom(2, 3),
      count: need,
    }),
  },
);

/** Runs steps against queue and model; whatever breaks a promise of the queue throws. */
class Trial {
  readonly clock = new FakeClock();
  readonly queue = new FairQueue(this.clock);
  readonly model = new Model();
  readonly cancellations: WatchedCancellation[] = [];
  readonly ends = new Map<number, string>();
  readonly #buckets = [3, 7, undefined, undefined].map((everyMs) => new Bucket(this.clock, 3, everyMs));
  readonly #tries: Try<Bucket>[] = [];
  readonly #taken = new Set<number>();
  readonly #expiresAt: number[] = [];
  readonly #faults: unknown[] = [];

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'enter':
        this.#enter(step);
        break;
      case 'try-now': {
        const outcome = this.queue.tryNow(takeFrom(this.#pick(step.wants), step.need));
        if (outcome.kind === 'taken') this.model.check(outcome.value);
        break;
      }
      case 'advance':
        for (const _ of numbered(step.ms)) {
          this.clock.advance(1);
          await this.#check();
        }
        break;
      case 'cancel':
        await this.#cancel(step.pick % Math.max(1, this.cancellations.length));
        break;
      case 'put-back':
        this.#buckets[step.bucket]?.putBack(step.count);
        this.queue.wake();
        break;
    }
    await this.#check();
  }

  async finish(): Promise<void> {
    await this.run({ kind: 'advance', ms: 61 });
    expect(this.ends.size).toBe(this.cancellations.length);
    expect([this.queue.length, this.clock.pendingTimers]).toEqual([0, 0]);
    expect(this.cancellations.filter(({ listeners }) => listeners.size > 0)).toEqual([]);
  }

  #pick(indices: readonly number[]): Bucket[] {
    return this.#buckets.filter((_, index) => indices.includes(index));
  }

  #enter(step: Step & { kind: 'enter' }): void {
    const id = this.cancellations.length;
    // What others take at once is to be judged by a model that knows of the leaving.
    const cancellation = new WatchedCancellation(() => {
      if (!this.#taken.has(id)) this.#watch(() => this.model.leave(id));
    });
    const tryTake = takeFrom(this.#pick(step.wants), step.need);
    this.cancellations.push(cancellation);
    this.#tries.push(tryTake);
    this.#expiresAt.push(this.clock.monotonic() + step.timeoutMs);
    this.model.enter(id, step.group);
    const watched: Try<Bucket> = (mayTake) => {
      const outcome = tryTake(mayTake);
      if (outcome.kind === 'blocked') this.#watch(() => this.model.block(id, outcome.on));
      else this.#watch(() => this.model.take(id, outcome.value));
      if (outcome.kind === 'taken') this.#taken.add(id);
      return outcome;
    };
    const { group, timeoutMs } = step;
    this.queue.wait({ group, tryTake: watched, timeoutMs, cancellation }).then(
      ({ kind }) => this.#watch(() => this.#end(id, kind)),
      (error: unknown) => this.#faults.push(error),
    );
  }

  #end(id: number, kind: string): void {
    expect(this.ends.has(id)).toBe(false);
    this.ends.set(id, kind);
    expect(kind === 'taken').toBe(this.#taken.has(id));
    // Behind a head of its own session, even a waiter without time is kept for the one millisecond of a timer.
    const late = this.clock.monotonic() - (this.#expiresAt[id] ?? 0);
    if (kind === 'timed-out') expect([0, 1]).toContain(late);
    if (kind === 'cancelled') expect(this.cancellations[id]?.isCancelled).toBe(true);
  }

  async #cancel(id: number): Promise<void> {
    const waited = id < this.cancellations.length && !this.ends.has(id);
    this.cancellations[id]?.cancel();
    await Promise.resolve();
    if (waited) expect(this.ends.get(id)).toBe('cancelled');
  }

  #watch(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#faults.push(error);
    }
  }

  async #check(): Promise<void> {
    await Promise.resolve();
    await Promise.resolve();
    expect(this.#faults).toEqual([]);
    expect(this.queue.length).toBe(this.model.length);
    expect(this.clock.pendingTimers).toBe(this.queue.length > 0 ? 1 : 0);
    // Nobody sleeps on what it could have.
    const claims = new Set<Resource>();
    for (const { id, on } of this.model.heads) {
      expect(this.#tries[id]?.((resource) => !claims.has(resource)).kind).toBe('blocked');
      for (const resource of on) claims.add(resource);
    }
  }
}

describe('any history', () => {
  it('keeps the order of sessions and claims, loses nobody, serves nobody twice, leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        const trial = new Trial();
        for (const step of steps) await trial.run(step);
        await trial.finish();
      }),
      { numRuns: 300 },
    );
  });
});
