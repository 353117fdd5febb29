import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission, type Wanted } from '../../../relay-core/keys/admission.ts';
import type { Permit, Used } from '../../../relay-core/keys/permit.ts';
import { PooledKey } from '../../../relay-core/keys/pooled-key.ts';
import type { Resource, Try } from '../../../relay-core/keys/queue.ts';
import { Slots } from '../../../relay-core/keys/slots.ts';
import { Cancellation } from '../../../relay-core/resilience/cancellation.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { keyConfig } from './key-config.ts';

const longMs = 1e9;
const model = 'opus';
const everything = () => true;

const open = (maxConcurrent = 0) => {
  const clock = new FakeClock();
  return { clock, admission: new Admission({ maxConcurrent, queueTimeoutMs: longMs }, clock) };
};

type Facts = Parameters<typeof keyConfig>[1];

const keyOf = (facts: Facts = {}, keyId = 'k') => new PooledKey(keyConfig(keyId, facts));

const wantedOf = (key: PooledKey | undefined, facts: { slots?: Slots; bodyBytes?: number } = {}): Wanted => ({
  slots: facts.slots ?? new Slots(0),
  key,
  model,
  bodyBytes: facts.bodyBytes ?? 0,
});

const permitFor = (admission: Admission, wanted: Wanted): Permit | undefined => {
  const leave = admission.tryTake(wanted, everything);
  return leave.kind === 'permit' ? leave.permit : undefined;
};

/** What the pipeline does: the first key with room, or blocked on all that are short. */
const tryKeys =
  (admission: Admission, keys: readonly PooledKey[], bodyBytes = 0): Try<Permit> =>
  (mayTake: (resource: Resource) => boolean) => {
    const on: Resource[] = [];
    let waitMs: number | undefined;
    for (const key of keys) {
      const leave = admission.tryTake(wantedOf(key, { bodyBytes }), mayTake);
      if (leave.kind === 'permit') return { kind: 'taken', value: leave.permit };
      if (leave.kind !== 'short') continue;
      on.push(leave.on);
      if (leave.waitMs !== undefined) waitMs = Math.min(waitMs ?? leave.waitMs, leave.waitMs);
    }
    return { kind: 'blocked', on, waitMs };
  };

describe('admission', () => {
  it('gives a permit that holds room on relay, upstream and key until its end', () => {
    const { admission } = open(1);
    const slots = new Slots(2);
    const key = keyOf({ maxConcurrent: 3 });
    const permit = permitFor(admission, wantedOf(key, { slots }));
    expect([slots.inFlight, key.slots.inFlight]).toEqual([1, 1]);
    expect(permitFor(admission, wantedOf(undefined))).toBeUndefined();
    permit?.end('unknown');
    expect([slots.inFlight, key.slots.inFlight]).toEqual([0, 0]);
    expect(permitFor(admission, wantedOf(undefined))).toBeDefined();
  });

  it('names what is short: relay before upstream before key', () => {
    const { admission, clock } = open(1);
    const slots = new Slots(1);
    const key = keyOf({ maxConcurrent: 1 });
    const wanted = wantedOf(key, { slots });
    const permit = permitFor(admission, wanted);
    const relay = admission.tryTake(wantedOf(undefined), everything);
    if (relay.kind !== 'short') throw new Error('the relay has room');
    expect(admission.tryTake(wanted, everything)).toMatchObject({ kind: 'short', on: relay.on });
    permit?.end('unknown');
    slots.take();
    expect(admission.tryTake(wanted, everything)).toEqual({ kind: 'short', on: slots, waitMs: undefined });
    slots.free();
    key.slots.take();
    expect(admission.tryTake(wanted, everything)).toEqual({ kind: 'short', on: key, waitMs: undefined });
    key.slots.free();
    key.coolDown(300, 'rate-limited', clock.monotonic());
    expect(admission.tryTake(wanted, everything)).toEqual({ kind: 'short', on: key, waitMs: 300 });
  });

  it('takes nothing from what an earlier waiter claims', () => {
    const { admission } = open();
    const slots = new Slots(0);
    const key = keyOf();
    const wanted = wantedOf(key, { slots });
    for (const claimed of [slots, key]) {
      const leave = admission.tryTake(wanted, (resource) => resource !== claimed);
      expect(leave).toEqual({ kind: 'short', on: claimed, waitMs: undefined });
    }
    expect(admission.tryTake(wanted, () => false).kind).toBe('short');
    expect([slots.inFlight, key.slots.inFlight]).toEqual([0, 0]);
  });

  it('tells apart what waiting does not help', () => {
    const { admission, clock } = open();
    const key = keyOf();
    key.coolDown(300, 'quota-exhausted', clock.monotonic());
    expect(admission.tryTake(wantedOf(key), everything)).toEqual({ kind: 'last-resort' });
    key.retire();
    expect(admission.tryTake(wantedOf(key), everything)).toEqual({ kind: 'retired' });
  });

  it('reserves a quarter of the body’s bytes as input and the recent mean as output', () => {
    const { admission, clock } = open();
    const key = keyOf({ limits: { tpm: 10_000, itpm: 5000, otpm: 4000 } });
    permitFor(admission, wantedOf(key, { bodyBytes: 8000 }))?.end('unknown');
    expect(key.limits.freeShare(clock.monotonic())).toBeCloseTo(0.6);
    expect(admission.tryTake(wantedOf(key, { bodyBytes: 16_000 }), everything)).toMatchObject({ on: key });
  });

  it('wakes those who wait at the end of a permit', async () => {
    const { admission, clock } = open();
    const key = keyOf({ maxConcurrent: 1 });
    const permit = permitFor(admission, wantedOf(key));
    const tryTake = tryKeys(admission, [key]);
    const turn = admission.queue.wait({
      ...{ group: undefined, tryTake, timeoutMs: longMs, cancellation: new Cancellation() },
    });
    permit?.end('nothing');
    expect(await turn).toMatchObject({ kind: 'taken' });
    expect(key.slots.inFlight).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});

type Limits = { relay: number; upstream: number; key: number };

const used = fc.constantFrom<Used>('nothing', 'unknown', {
  ...{ inputTokens: 40, outputTokens: 3, cacheWriteTokens: 0, cacheReadTokens: 900 },
});

/** Two upstreams with two keys each under one relay, with all their slots. */
const openFleet = (limits: Limits) => {
  const { clock, admission } = open(limits.relay);
  const upstreams = ['a', 'b'].map((name) => ({
    slots: new Slots(limits.upstream),
    keys: ['1', '2'].map((each) => keyOf({ maxConcurrent: limits.key, limits: { rpm: 6 } }, name + each)),
  }));
  const places = upstreams.flatMap(({ slots, keys }) => keys.map((key) => wantedOf(key, { slots })));
  const expectWithin = () => {
    const total = upstreams.reduce((sum, { slots }) => sum + slots.inFlight, 0);
    if (limits.relay > 0) expect(total).toBeLessThanOrEqual(limits.relay);
    for (const { slots, keys } of upstreams) {
      if (limits.upstream > 0) expect(slots.inFlight).toBeLessThanOrEqual(limits.upstream);
      expect(slots.inFlight).toBe(keys.reduce((sum, key) => sum + key.slots.inFlight, 0));
      for (const key of keys) if (limits.key > 0) expect(key.slots.inFlight).toBeLessThanOrEqual(limits.key);
    }
    return total;
  };
  return { clock, admission, places, expectWithin };
};

describe('max_concurrent', () => {
  const bounds = fc.record({ relay: fc.nat(4), upstream: fc.nat(3), key: fc.nat(2) });
  const step = fc.record({
    does: fc.constantFrom('ask', 'ask', 'end', 'end', 'wait', 'cancel'),
    which: fc.nat(20),
    group: fc.constantFrom('s1', 's2', undefined),
    used,
  });

  it('is never exceeded, and every slot comes back, through any history of asking, waiting and ending', async () => {
    await fc.assert(
      fc.asyncProperty(bounds, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
        const { clock, admission, places, expectWithin } = openFleet(limits);
        const running: Permit[] = [];
        const waiting: Cancellation[] = [];
        const turns: Promise<unknown>[] = [];
        for (const { does, which, group, used } of steps) {
          if (does === 'end') running.splice(which % (running.length || 1), 1)[0]?.end(used);
          if (does === 'wait') clock.advance(which * 500);
          if (does === 'cancel') waiting[which % (waiting.length || 1)]?.cancel();
          if (does === 'ask') {
            const rotated = places.map((_place, index) => places[(index + which) % places.length]);
            const tryTake: Try<undefined> = (mayTake) => {
              const on: Resource[] = [];
              for (const wanted of rotated.slice(0, 1 + (which % 3))) {
                const leave = wanted && admission.tryTake(wanted, mayTake);
                if (leave?.kind === 'short') on.push(leave.on);
                if (leave?.kind !== 'permit') continue;
                running.push(leave.permit);
                return { kind: 'taken', value: undefined };
              }
              return { kind: 'blocked', on, waitMs: 1000 };
            };
            const now = admission.queue.tryNow(tryTake);
            const cancellation = new Cancellation();
            waiting.push(cancellation);
            if (now.kind === 'blocked')
              turns.push(admission.queue.wait({ group, tryTake, timeoutMs: 90_000, cancellation }));
          }
          expectWithin();
        }
        while (turns.length > 0 && (running.length > 0 || admission.queue.length > 0)) {
          for (const permit of running.splice(0)) permit.end('nothing');
          clock.advance(1000);
          expectWithin();
        }
        for (const permit of running) permit.end('nothing');
        await Promise.all(turns);
        expect(expectWithin()).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });
});

type Newcomer = { readonly group: string | undefined; readonly bodyBytes: number };

/** What a newcomer was told on its arrival, undefined = not known, and how long it really waited. */
type Waited = { readonly told: number | undefined; readonly real: number };

/** All come at once, in the order given, and wait until each has had its turn; those served at once are left out. */
const queueUp = (
  { admission, clock }: ReturnType<typeof open>,
  keys: readonly PooledKey[],
  newcomers: readonly Newcomer[],
): readonly Waited[] => {
  const startMs = clock.monotonic();
  const waited: Waited[] = [];
  for (const { group, bodyBytes } of newcomers) {
    const tryTake = tryKeys(admission, keys, bodyBytes);
    const blocked = admission.queue.tryNow(tryTake);
    if (blocked.kind === 'taken') continue;
    const told = admission.knownWaitMs(blocked, group, bodyBytes);
    const place = waited.push({ told, real: Number.NaN }) - 1;
    const timed: Try<Permit> = (mayTake) => {
      const taken = tryTake(mayTake);
      if (taken.kind === 'taken') waited[place] = { told, real: clock.monotonic() - startMs };
      return taken;
    };
    admission.remember(timed, blocked, bodyBytes);
    const cancellation = new Cancellation();
    void admission.queue.wait({ group, tryTake: timed, timeoutMs: longMs, cancellation });
  }
  while (admission.queue.length > 0) clock.advance(1000);
  return waited;
};

const expectTold = ({ told, real }: Waited, toleranceMs = 1): void => {
  expect(told).toBeDefined();
  expect(Math.abs((told ?? Number.NaN) - real)).toBeLessThanOrEqual(toleranceMs);
};

const sessions = fc.constantFrom('s1', 's2', 's3', undefined);
const newcomersOf = (bodyBytes: fc.Arbitrary<number>) =>
  fc.array(fc.record({ group: sessions, bodyBytes }), { minLength: 1, maxLength: 14 });

/** What ran before, at which times: the window's past. */
const past = fc.array(fc.nat(20_000), { maxLength: 6 });

const runPast = (
  set: ReturnType<typeof open>,
  keys: readonly PooledKey[],
  gapsMs: readonly number[],
): void => {
  for (const gapMs of gapsMs) {
    set.admission.queue.tryNow(tryKeys(set.admission, keys));
    set.clock.advance(gapMs);
  }
};

const somebody: Newcomer = { group: undefined, bodyBytes: 0 };
const many = (count: number) => Array.from({ length: count }, () => somebody);

describe('the wait that a newcomer is told', () => {
  const rpms = fc.integer({ min: 1, max: 5 });

  it('is the one that really happens for the last to come, behind others of any session', () => {
    fc.assert(
      fc.property(rpms, past, newcomersOf(fc.constant(0)), (rpm, gapsMs, all) => {
        const set = open();
        const keys = [keyOf({ limits: { rpm } })];
        runPast(set, keys, gapsMs);
        const last = queueUp(set, keys, all).at(-1);
        if (last) expectTold(last);
      }),
    );
  });

  it('is the one that really happens for everybody when nobody overtakes', () => {
    fc.assert(
      fc.property(rpms, past, fc.nat(20), (rpm, gapsMs, count) => {
        const set = open();
        const keys = [keyOf({ limits: { rpm } })];
        runPast(set, keys, gapsMs);
        for (const waited of queueUp(set, keys, many(count))) expectTold(waited);
      }),
    );
  });

  it('is the one that really happens with limits of tokens, bodies of any size and a debt', () => {
    const limits = fc.record({
      rpm: fc.nat(5),
      tpm: fc.integer({ min: 500, max: 9000 }),
      itpm: fc.constantFrom(0, 200, 1000, 4000),
    });
    fc.assert(
      fc.property(limits, past, newcomersOf(fc.nat(16_000)), (limits, gapsMs, all) => {
        const set = open();
        const keys = [keyOf({ limits })];
        runPast(set, keys, gapsMs);
        const last = queueUp(set, keys, all).at(-1);
        if (last?.told !== undefined) expectTold(last);
      }),
    );
  });

  it('is the rest of a cooldown when that is all', () => {
    const set = open();
    const key = keyOf();
    key.coolDown(7300, 'rate-limited', set.clock.monotonic());
    for (const waited of queueUp(set, [key], many(3))) expect(waited).toEqual({ told: 7300, real: 7300 });
  });

  it('is not known when only the end of another request can tell', () => {
    const { admission } = open();
    const key = keyOf({ maxConcurrent: 1 });
    permitFor(admission, wantedOf(key));
    const blocked = tryKeys(admission, [key])(everything);
    if (blocked.kind === 'taken') throw new Error('the key has room');
    expect(admission.knownWaitMs(blocked, undefined, 0)).toBeUndefined();
  });

  it('with equal keys is the one that really happens, within one turn of the limit', () => {
    const keyCount = fc.integer({ min: 2, max: 4 });
    fc.assert(
      fc.property(keyCount, fc.integer({ min: 1, max: 4 }), fc.nat(30), (count, rpm, waiting) => {
        const set = open();
        const keys = Array.from({ length: count }, (_key, index) => keyOf({ limits: { rpm } }, `k${index}`));
        runPast(
          set,
          keys,
          Array.from({ length: count * rpm }, () => 100),
        );
        for (const waited of queueUp(set, keys, many(waiting))) expectTold(waited, 60_000 / rpm);
      }),
    );
  });

  it('counts the requests ahead from the end of a cooldown on', () => {
    const set = open();
    const key = keyOf({ limits: { rpm: 1 } });
    key.coolDown(30_000, 'rate-limited', set.clock.monotonic());
    const waited = queueUp(set, [key], many(2));
    expect(waited.map(({ real }) => real)).toEqual([30_000, 90_000]);
    for (const each of waited) expectTold(each);
  });

  it('is known too for a small request behind a large one', () => {
    const set = open();
    const key = keyOf({ limits: { tpm: 2000 } });
    runPast(set, [key], [0]);
    const [large, small] = queueUp(set, [key], [{ ...somebody, bodyBytes: 400 }, somebody]);
    if (large) expectTold(large);
    if (small) expectTold(small);
  });

  it('does not count those who wait for another upstream’s key', () => {
    const set = open();
    const busy = keyOf({ limits: { rpm: 1 } }, 'busy');
    const mine = keyOf({ limits: { rpm: 1 } }, 'mine');
    runPast(set, [busy], [0]);
    runPast(set, [mine], [0]);
    for (let count = 0; count < 10; count += 1) {
      const tryTake = tryKeys(set.admission, [busy]);
      const held = set.admission.queue.tryNow(tryTake);
      if (held.kind === 'blocked') set.admission.remember(tryTake, held, 0);
      const cancellation = new Cancellation();
      void set.admission.queue.wait({ group: undefined, tryTake, timeoutMs: longMs, cancellation });
    }
    const blocked = set.admission.queue.tryNow(tryKeys(set.admission, [mine]));
    if (blocked.kind === 'taken') throw new Error('the key has room');
    expect(set.admission.knownWaitMs(blocked, undefined, 0)).toBe(60_000);
  });

  it('with unequal keys is never shorter than the real one by more than a minute', () => {
    const set = open();
    const keys = [keyOf({ limits: { rpm: 1 } }, 'a'), keyOf({ limits: { rpm: 10 } }, 'b')];
    runPast(
      set,
      keys,
      Array.from({ length: 11 }, () => 0),
    );
    for (const { told, real } of queueUp(set, keys, many(100)))
      expect(real - (told ?? 0)).toBeLessThanOrEqual(60_000);
  });
});
