import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CooldownReason, PooledKey } from '../../../relay-core/keys/pooled-key.ts';
import { keyConfig } from './key-config.ts';

const secondMs = 1000;
const dayMs = 86_400_000;
const startMs = 50_000;
const small = { input: 1, output: 1 };

const newKey = (facts: Parameters<typeof keyConfig>[1] = {}) => new PooledKey(keyConfig('k', facts));

const availability = (key: PooledKey, nowMs: number, model = 'opus') => key.availability(model, small, nowMs);

/** Fails attempt after attempt, each begun when the cooldown of the one before is over. Returns the cooldowns. */
const limitInRow = (key: PooledKey, count: number, requestedMs?: number): number[] => {
  let nowMs = startMs;
  return Array.from({ length: count }, () => {
    const cooldownMs = key.limitRate(requestedMs, nowMs, nowMs + 5);
    nowMs += 5 + cooldownMs;
    return cooldownMs;
  });
};

describe('a key that rests', () => {
  it('is ready before, cooling during, and ready from the last millisecond of its cooldown on', () => {
    const key = newKey();
    expect(key.standing(startMs)).toEqual({ kind: 'ready' });
    expect(key.coolDown(700, 'rate-limited', startMs)).toBe(700);
    const cooling = { kind: 'cooling', untilMs: startMs + 700, reason: 'rate-limited' };
    expect(key.standing(startMs)).toEqual(cooling);
    expect(key.standing(startMs + 699)).toEqual(cooling);
    expect(key.cooldownMs(startMs + 699)).toBe(1);
    expect(key.isAvailable(startMs + 699)).toBe(false);
    expect(key.standing(startMs + 700)).toEqual({ kind: 'ready' });
    expect(key.cooldownMs(startMs + 700)).toBe(0);
    expect(key.isAvailable(startMs + 700)).toBe(true);
  });

  it('is worth waiting for after a rate limit, and says how long', () => {
    const key = newKey();
    key.coolDown(700, 'rate-limited', startMs);
    expect(availability(key, startMs + 300)).toEqual({ kind: 'wait', waitMs: 400 });
    expect(availability(key, startMs + 700)).toEqual({ kind: 'ready' });
    expect(key.isOut('opus', startMs)).toBe(false);
  });

  it.each<CooldownReason>(['quota-exhausted', 'forbidden', 'unauthorized'])(
    'is the last resort when it was %s, and out: waiting does not help',
    (reason) => {
      const key = newKey();
      key.coolDown(700, reason, startMs);
      expect(availability(key, startMs + 699)).toEqual({ kind: 'last-resort' });
      expect(key.isOut('opus', startMs + 699)).toBe(true);
      expect(availability(key, startMs + 700)).toEqual({ kind: 'ready' });
      expect(key.isOut('opus', startMs + 700)).toBe(false);
    },
  );

  it('rests as long as the longest of its cooldowns, in whatever order they come', () => {
    const reason = fc.constantFrom<CooldownReason>('rate-limited', 'quota-exhausted', 'forbidden');
    const cooldown = fc.record({ afterMs: fc.nat(5000), durationMs: fc.nat(10_000), reason });
    fc.assert(
      fc.property(fc.array(cooldown, { minLength: 1 }), (cooldowns) => {
        const key = newKey();
        let nowMs = startMs;
        let untilMs = 0;
        for (const { afterMs, durationMs, reason } of cooldowns) {
          nowMs += afterMs;
          untilMs = Math.max(untilMs, nowMs + durationMs);
          expect(key.coolDown(durationMs, reason, nowMs)).toBe(untilMs - nowMs);
          expect(key.cooldownMs(nowMs)).toBe(untilMs - nowMs);
          expect(key.isAvailable(nowMs)).toBe(untilMs === nowMs);
        }
      }),
    );
  });

  it('keeps the reason of the cooldown that lasts longest', () => {
    const key = newKey();
    key.coolDown(10_000, 'quota-exhausted', startMs);
    key.limitRate(5000, startMs, startMs);
    expect(key.standing(startMs)).toMatchObject({ reason: 'quota-exhausted' });
    key.limitRate(20_000, startMs, startMs);
    expect(key.standing(startMs)).toMatchObject({ reason: 'rate-limited' });
  });
});

describe('rate limits of a key', () => {
  it('cool for 1, 2, 4 … 60 s in a row when the upstream names no time', () => {
    const seconds = limitInRow(newKey(), 9).map((ms) => ms / secondMs);
    expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('stay at 60 s however many come in a row', () => {
    expect(limitInRow(newKey(), 2000).slice(6)).toEqual(Array.from({ length: 1994 }, () => 60_000));
  });

  it('begin again at 1 s after an answer', () => {
    const key = newKey();
    limitInRow(key, 4);
    key.succeed();
    expect(key.limitRate(undefined, startMs + dayMs, startMs + dayMs)).toBe(1000);
  });

  it('of requests sent side by side count once', () => {
    const key = newKey();
    for (const answeredMs of [10, 20, 20, 30, 900]) key.limitRate(undefined, startMs, startMs + answeredMs);
    expect(key.cooldownMs(startMs + 900)).toBe(1000);
    const laterMs = startMs + 2000;
    expect(key.limitRate(undefined, laterMs, laterMs + 1)).toBe(2000);
  });

  it('begun only after the last was told count each, begun before do not', () => {
    const limited = fc.record({ gapMs: fc.integer({ min: 1, max: 5000 }), isParallel: fc.boolean() });
    fc.assert(
      fc.property(fc.array(limited, { minLength: 1, maxLength: 30 }), (all) => {
        const key = newKey();
        let nowMs = startMs;
        let inRow = 0;
        let untilMs = 0;
        for (const [index, { gapMs, isParallel }] of all.entries()) {
          const isCounted = index === 0 || !isParallel;
          // A parallel one began when the last 429 was not yet there.
          const startedAtMs = isCounted ? nowMs + 1 : nowMs;
          nowMs += 1 + gapMs;
          if (isCounted) inRow += 1;
          untilMs = Math.max(untilMs, nowMs + Math.min(60_000, 1000 * 2 ** (inRow - 1)));
          key.limitRate(undefined, startedAtMs, nowMs);
          expect(key.cooldownMs(nowMs)).toBe(untilMs - nowMs);
        }
      }),
    );
  });

  it.each([
    ['a time', 7300, 7300],
    ['a day', dayMs, dayMs],
    ['more than a day', 40 * dayMs, dayMs],
    ['an absurd time', Number.POSITIVE_INFINITY, dayMs],
    ['nothing', 0, 1000],
    ['a time in the past', -5000, 1000],
  ])('cool as the upstream asks when it names %s', (_what, requestedMs, expectedMs) => {
    expect(newKey().limitRate(requestedMs, startMs, startMs)).toBe(expectedMs);
  });

  it('named with a time still count for those without one', () => {
    const key = newKey();
    limitInRow(key, 3, 100);
    expect(key.limitRate(undefined, startMs + dayMs, startMs + dayMs)).toBe(8000);
  });

  it('never shorten a cooldown that runs', () => {
    const key = newKey();
    key.limitRate(30_000, startMs, startMs);
    expect(key.limitRate(2000, startMs, startMs + 10)).toBe(29_990);
    expect(key.limitRate(undefined, startMs, startMs + 20)).toBe(29_980);
    expect(key.cooldownMs(startMs + 20)).toBe(29_980);
  });

  it('never cool for less than 1 s, though an answer came between two sent side by side', () => {
    const key = newKey();
    key.limitRate(undefined, startMs, startMs + 10);
    key.succeed();
    const laterMs = startMs + 5000;
    expect(key.limitRate(undefined, startMs, laterMs)).toBeGreaterThanOrEqual(1000);
  });
});

describe('a key that may not serve one model', () => {
  it('is the last resort for that model until its time is over, and ready for all others', () => {
    const key = newKey();
    key.coolDownModel('opus', 600_000, startMs);
    expect(availability(key, startMs + 599_999, 'opus')).toEqual({ kind: 'last-resort' });
    expect(key.isOut('opus', startMs + 599_999)).toBe(true);
    expect(availability(key, startMs, 'haiku')).toEqual({ kind: 'ready' });
    expect(key.isOut('haiku', startMs)).toBe(false);
    expect(key.isAvailable(startMs)).toBe(true);
    expect(availability(key, startMs + 600_000, 'opus')).toEqual({ kind: 'ready' });
    expect(key.isOut('opus', startMs + 600_000)).toBe(false);
  });

  it('may still be worth waiting for while a rate limit keeps it from every model', () => {
    const key = newKey();
    key.coolDownModel('opus', 600_000, startMs);
    key.coolDown(500, 'rate-limited', startMs);
    expect(availability(key, startMs, 'haiku')).toEqual({ kind: 'wait', waitMs: 500 });
  });
});

describe('a key refused with 401', () => {
  it('is used by nobody while it is checked, but not given up', () => {
    const key = newKey();
    key.check();
    expect(key.standing(startMs)).toEqual({ kind: 'checking' });
    expect(availability(key, startMs)).toEqual({ kind: 'busy' });
    expect(key.isAvailable(startMs)).toBe(false);
    expect(key.isOut('opus', startMs)).toBe(false);
    expect(key.cooldownMs(startMs)).toBe(0);
  });

  it('stays retired whatever happens, until it is restored', () => {
    const key = newKey();
    key.retire();
    expect(key.coolDown(1000, 'quota-exhausted', startMs)).toBe(0);
    expect(key.limitRate(1000, startMs, startMs)).toBe(0);
    key.check();
    key.succeed();
    expect(key.standing(startMs + dayMs)).toEqual({ kind: 'retired' });
    expect(availability(key, startMs)).toEqual({ kind: 'retired' });
    expect(key.isOut('opus', startMs)).toBe(true);
    expect(key.cooldownMs(startMs)).toBe(0);
    key.restore();
    expect(availability(key, startMs)).toEqual({ kind: 'ready' });
  });

  it('is as new when it is restored: no cooldown, no model kept away, no rate limits in a row', () => {
    const key = newKey();
    limitInRow(key, 5);
    key.coolDownModel('opus', dayMs, startMs);
    key.coolDown(dayMs, 'quota-exhausted', startMs);
    key.restore();
    expect(availability(key, startMs, 'opus')).toEqual({ kind: 'ready' });
    const laterMs = startMs + dayMs;
    expect(key.limitRate(undefined, laterMs, laterMs)).toBe(1000);
  });

  it('is not let go by a 429 that arrives while it is checked', () => {
    const key = newKey();
    key.check();
    key.limitRate(undefined, startMs, startMs);
    expect(availability(key, startMs + dayMs)).toEqual({ kind: 'busy' });
  });
});

describe('the room of a ready key', () => {
  it('is busy when as many run as may', () => {
    const key = newKey({ maxConcurrent: 2 });
    key.slots.take();
    expect(availability(key, startMs)).toEqual({ kind: 'ready' });
    key.slots.take();
    expect(availability(key, startMs)).toEqual({ kind: 'busy' });
    key.slots.free();
    expect(availability(key, startMs)).toEqual({ kind: 'ready' });
  });

  it('is a wait when a limit is reached, exactly as long as the limit says', () => {
    const key = newKey({ limits: { rpm: 1 } });
    key.limits.reserve(small, startMs);
    expect(availability(key, startMs)).toEqual({ kind: 'wait', waitMs: 60_000 });
    expect(availability(key, startMs + 59_999)).toEqual({ kind: 'wait', waitMs: 1 });
    expect(availability(key, startMs + 60_000)).toEqual({ kind: 'ready' });
    expect(key.isAvailable(startMs)).toBe(true);
    expect(key.isOut('opus', startMs)).toBe(false);
  });
});
