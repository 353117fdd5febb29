import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inputEstimate,
  type KeyLimitSettings,
  KeyLimits,
  type Reservation,
  type TokenEstimate,
} from '../../../relay-core/keys/limits.ts';
import { SlidingWindow } from '../../../relay-core/keys/sliding-window.ts';

const unlimited: KeyLimitSettings = { rpm: 0, tpm: 0, itpm: 0, otpm: 0 };
const small: TokenEstimate = { input: 1, output: 0 };
const minuteMs = 60_000;

const limited = (settings: Partial<KeyLimitSettings>) => new KeyLimits({ ...unlimited, ...settings });
const input = (tokens: number): TokenEstimate => ({ input: tokens, output: 0 });

/** What the provider would have counted, kept without any cleverness. */
type Use = { atMs: number; amount: number };

const usedInWindow = (uses: readonly Use[], nowMs: number) =>
  uses
    .filter(({ atMs }) => atMs > nowMs - minuteMs && atMs <= nowMs)
    .reduce((sum, { amount }) => sum + amount, 0);

const total = (uses: readonly Use[]) => uses.reduce((sum, { amount }) => sum + amount, 0);

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'reserve',
      'reserve',
      'reserve-when-free',
      'reserve-when-free',
      'settle',
      'release',
    ),
    pauseMs: fc.oneof(
      fc.constant(0),
      fc.nat(2000),
      fc.nat(70_000),
      fc.nat(5000).map((tenths) => tenths / 10),
      fc.double({ min: 0, max: 500, noNaN: true }),
    ),
    input: fc.nat(60),
    output: fc.nat(60),
    of: fc.nat(5),
  }),
  { maxLength: 60 },
);

type Admission = {
  readonly estimate: TokenEstimate;
  readonly uses: readonly TokenUse[];
  readonly atMs: number;
};
type TokenUse = {
  readonly atMs: number;
  readonly reserved: TokenEstimate;
  settled: { readonly atMs: number; readonly used: TokenEstimate } | undefined;
};
type Running = { readonly reservation: Reservation; readonly use: TokenUse };

const settings = fc.record({
  rpm: fc.constantFrom(0, 1, 3),
  tpm: fc.constantFrom(0, 50, 100),
  itpm: fc.constantFrom(0, 30, 80),
  otpm: fc.constantFrom(0, 20, 80),
});

/** Plays a random history; `check` sees each admission that was not forced, before it is counted. */
const play = (
  each: KeyLimitSettings,
  history: readonly { kind: string; pauseMs: number; input: number; output: number; of: number }[],
  check: (admission: Admission) => void,
) => {
  const limits = new KeyLimits(each);
  const uses: TokenUse[] = [];
  const running: Running[] = [];
  let nowMs = 0;
  for (const step of history) {
    nowMs += step.pauseMs;
    const tokens = { input: step.input, output: step.output };
    if (step.kind === 'settle' || step.kind === 'release') {
      const ended = running.splice(step.of % Math.max(1, running.length), 1)[0];
      if (!ended) continue;
      const used = step.kind === 'settle' ? tokens : input(0);
      if (step.kind === 'settle') ended.reservation.settle(tokens, nowMs);
      else ended.reservation.release(nowMs);
      ended.use.settled = { atMs: nowMs, used };
      continue;
    }
    const waitMs = limits.waitMs(tokens, nowMs);
    if (waitMs > 0 && step.kind === 'reserve') continue;
    if (step.kind !== 'force') {
      nowMs += waitMs;
      expect(limits.waitMs(tokens, nowMs)).toBe(0);
      check({ estimate: tokens, uses, atMs: nowMs });
    }
    const use: TokenUse = { atMs: nowMs, reserved: tokens, settled: undefined };
    uses.push(use);
    running.push({ reservation: limits.reserve(tokens, nowMs), use });
  }
};

const bothOf = ({ input, output }: TokenEstimate) => input + output;
const inputOf = (tokens: TokenEstimate) => tokens.input;
const outputOf = (tokens: TokenEstimate) => tokens.output;

const amounts = (uses: readonly TokenUse[], of: (tokens: TokenEstimate) => number): Use[] =>
  uses.flatMap(({ atMs, reserved, settled }) => {
    if (!settled) return [{ atMs, amount: of(reserved) }];
    const kept = Math.min(of(reserved), of(settled.used));
    return [
      { atMs, amount: kept },
      { atMs: settled.atMs, amount: of(settled.used) - kept },
    ];
  });

describe('the request limit of a key', () => {
  it('admits rpm requests at once and the next 60 s after the first', () => {
    const limits = limited({ rpm: 3 });
    for (const atMs of [0, 10, 20]) {
      expect(limits.waitMs(small, atMs)).toBe(0);
      limits.reserve(small, atMs);
    }
    expect(limits.waitMs(small, 20)).toBe(59_980);
    expect(limits.waitMs(small, 59_999)).toBe(1);
    expect(limits.waitMs(small, 60_000)).toBe(0);
    limits.reserve(small, 60_000);
    expect(limits.waitMs(small, 60_000)).toBe(10);
  });

  it('is never passed in any window of 60 s', () => {
    fc.assert(
      fc.property(settings, steps, (each, history) => {
        play(each, history, ({ uses, atMs }) => {
          if (each.rpm === 0) return;
          const requests = uses.map((use) => ({ atMs: use.atMs, amount: 1 }));
          expect(usedInWindow(requests, atMs)).toBeLessThan(each.rpm);
        });
      }),
    );
  });

  it('asks for the shortest wait there is, to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(30_000)), (rpm, pauses) => {
        const limits = limited({ rpm });
        const requests: Use[] = [];
        let nowMs = 0;
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          const waitMs = limits.waitMs(small, nowMs);
          expect(limits.waitMs(small, nowMs + waitMs)).toBe(0);
          if (waitMs > 0) {
            expect(limits.waitMs(small, nowMs + waitMs - 1)).toBe(1);
            expect(usedInWindow(requests, nowMs + waitMs - 1)).toBe(rpm);
          }
          expect(usedInWindow(requests, nowMs + waitMs)).toBeLessThan(rpm);
          nowMs += waitMs;
          limits.reserve(small, nowMs);
          requests.push({ atMs: nowMs, amount: 1 });
        }
      }),
    );
  });

  it('counts a request that was released', () => {
    const limits = limited({ rpm: 1, tpm: 10 });
    limits.reserve(input(10), 0).release(5);
    expect(limits.waitMs(small, 5)).toBe(59_995);
  });

  it('makes up for forced requests', () => {
    const limits = limited({ rpm: 2 });
    for (let count = 0; count < 5; count += 1) limits.reserve(small, 0);
    expect(limits.waitMs(small, 0)).toBe(120_000);
    expect(limits.waitMs(small, 119_999)).toBe(1);
    limits.reserve(small, 120_000);
    expect(limits.waitMs(small, 120_000)).toBe(60_000);
  });
});

describe('the token limits of a key', () => {
  it.each([
    ['tpm', bothOf],
    ['itpm', inputOf],
    ['otpm', outputOf],
  ] as const)(
    'never admit beyond %s in any window of 60 s, over the limit only into an empty one',
    (name, of) => {
      fc.assert(
        fc.property(settings, steps, (each, history) => {
          play(each, history, ({ estimate, uses, atMs }) => {
            const limit = each[name];
            if (limit === 0) return;
            const used = usedInWindow(amounts(uses, of), atMs);
            // What takes nothing of this limit cannot pass it.
            if (of(estimate) > limit) expect(used).toBe(0);
            else if (of(estimate) > 0) expect(used + of(estimate)).toBeLessThanOrEqual(limit);
          });
        }),
        { numRuns: 300 },
      );
    },
  );

  it('keep the long run at the limit, whatever is estimated and used', () => {
    fc.assert(
      fc.property(settings, steps, (each, history) => {
        let firstAtMs: number | undefined;
        play(each, history, ({ estimate, uses, atMs }) => {
          if (each.tpm === 0 || bothOf(estimate) === 0) return;
          firstAtMs ??= Math.ceil((uses[0]?.atMs ?? atMs) / 250) * 250;
          const minutes = Math.floor((Math.ceil(atMs / 250) * 250 - firstAtMs) / minuteMs) + 1;
          const now = Math.min(bothOf(estimate), each.tpm);
          expect(total(amounts(uses, bothOf)) + now).toBeLessThanOrEqual(minutes * each.tpm);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('asks for the shortest wait there is, when times are whole steps and nothing is over the limit', () => {
    const requests = fc.array(
      fc.record({
        pause: fc.nat(100),
        tokens: fc.integer({ min: 1, max: 50 }),
        used: fc.nat(50),
        isSettled: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(requests, (all) => {
        const limits = limited({ itpm: 50 });
        const uses: Use[] = [];
        let nowMs = 0;
        for (const { pause, tokens, used, isSettled } of all) {
          nowMs += pause * 250;
          const waitMs = limits.waitMs(input(tokens), nowMs);
          expect(usedInWindow(uses, nowMs + waitMs) + tokens).toBeLessThanOrEqual(50);
          if (waitMs > 0) {
            expect(limits.waitMs(input(tokens), nowMs + waitMs - 1)).toBe(1);
            expect(usedInWindow(uses, nowMs + waitMs - 1) + tokens).toBeGreaterThan(50);
          }
          nowMs += waitMs;
          const reservation = limits.reserve(input(tokens), nowMs);
          const kept = isSettled ? Math.min(used, tokens) : tokens;
          if (isSettled) reservation.settle(input(kept), nowMs);
          uses.push({ atMs: nowMs, amount: kept });
        }
      }),
    );
  });

  it('admit a request over the limit into an empty window and make the next wait until its debt has drained', () => {
    const limits = limited({ tpm: 100 });
    limits.reserve(input(1), 0);
    expect(limits.waitMs(input(250), 0)).toBe(60_000);
    limits.reserve(input(250), 60_000);
    expect(limits.waitMs(input(50), 60_000)).toBe(120_000);
    expect(limits.waitMs(input(51), 60_000)).toBe(180_000);
    expect(limits.waitMs(input(50), 179_999)).toBe(1);
    expect(limits.waitMs(input(50), 180_000)).toBe(0);
    limits.reserve(input(50), 180_000);
    expect(limits.waitMs(input(1), 180_000)).toBe(60_000);
  });

  it.each([7, 25, 100, 130, 990])(
    'let one who always asks for %i tokens have nearly all of the limit',
    (tokens) => {
      const limits = limited({ tpm: 100 });
      let nowMs = 0;
      let used = 0;
      while (nowMs < 100 * minuteMs) {
        nowMs += limits.waitMs(input(tokens), nowMs);
        limits.reserve(input(tokens), nowMs);
        used += tokens;
      }
      const perMinute = (used - tokens) / (nowMs / minuteMs);
      expect(perMinute).toBeLessThanOrEqual(101);
      // A request of 7 leaves 2 of 100 unused; one of 130 pays for two minutes and needs them empty.
      expect(perMinute).toBeGreaterThan(tokens === 130 ? 64 : 97);
    },
  );

  it('give room at once when less was used', () => {
    const limits = limited({ tpm: 100, otpm: 60 });
    const reservation = limits.reserve({ input: 40, output: 60 }, 0);
    expect(limits.waitMs({ input: 0, output: 50 }, 1000)).toBe(59_000);
    reservation.settle({ input: 40, output: 10 }, 1000);
    expect(limits.waitMs({ input: 0, output: 50 }, 1000)).toBe(0);
    expect(limits.waitMs({ input: 1, output: 50 }, 1000)).toBe(59_000);
  });

  it('take the difference from the moment of settling when more was used', () => {
    const limits = limited({ tpm: 100 });
    limits.reserve(input(10), 0).settle(input(80), 30_000);
    expect(limits.waitMs(input(20), 30_000)).toBe(0);
    expect(limits.waitMs(input(30), 30_000)).toBe(30_000);
    expect(limits.waitMs(input(31), 30_000)).toBe(60_000);
  });

  it('spread what was used beyond the limit over the next minutes', () => {
    const limits = limited({ tpm: 100 });
    limits.reserve(input(100), 0).settle(input(330), 10_000);
    expect(limits.waitMs(input(70), 10_000)).toBe(170_000);
    expect(limits.waitMs(input(71), 10_000)).toBe(230_000);
  });

  it('forgive the debt of a request that used less, also when a part of it has drained', () => {
    for (const settledAtMs of [10_000, 70_000, 130_000]) {
      const limits = limited({ tpm: 100 });
      const reservation = limits.reserve(input(290), 0);
      expect(limits.waitMs(input(20), settledAtMs)).toBeGreaterThan(0);
      reservation.settle(input(20), settledAtMs);
      expect(limits.waitMs(input(80), settledAtMs)).toBe(0);
      expect(limits.waitMs(input(100), settledAtMs)).toBe(settledAtMs < minuteMs ? 50_000 : 0);
    }
  });

  it('give back only what is the request’s own', () => {
    const limits = limited({ tpm: 100 });
    const early = limits.reserve(input(150), 0);
    limits.reserve(input(100), 60_000);
    early.settle(input(0), 70_000);
    expect(limits.waitMs(input(1), 70_000)).toBe(50_000);
    const late = limited({ tpm: 100 });
    const first = late.reserve(input(100), 0);
    late.reserve(input(100), 60_000);
    first.release(60_001);
    expect(late.waitMs(input(1), 60_001)).toBe(59_999);
  });

  it('keep the debts of several requests apart', () => {
    const limits = limited({ tpm: 100 });
    limits.reserve(input(100), 0);
    const [second, third] = [limits.reserve(input(50), 1000), limits.reserve(input(50), 2000)];
    second.release(3000);
    third.release(61_000);
    limits.reserve(input(100), 61_000);
    expect(limits.waitMs(input(50), 61_000)).toBe(60_000);
  });

  it('give nothing back for a request that has left while nobody looked', () => {
    const limits = limited({ tpm: 100 });
    const early = limits.reserve(input(100), 0);
    limits.reserve(input(250), 0);
    early.release(200_000);
    expect(limits.waitMs(input(50), 200_000)).toBe(0);
    expect(limits.waitMs(input(51), 200_000)).toBe(40_000);
  });

  it('listen to the first end of a reservation only', () => {
    const limits = limited({ tpm: 100 });
    const reservation = limits.reserve(input(100), 0);
    reservation.settle(input(50), 0);
    reservation.settle(input(0), 0);
    reservation.release(0);
    expect(limits.waitMs(input(51), 0)).toBe(60_000);
    expect(limits.waitMs(input(50), 0)).toBe(0);
  });
});

describe('waiting in a queue', () => {
  const estimates = fc.array(fc.record({ input: fc.nat(90), output: fc.nat(90) }));

  it('takes as long as going one after the other, and changes nothing', () => {
    fc.assert(
      fc.property(
        settings,
        fc.record({
          before: estimates,
          queue: estimates,
          startMs: fc.integer({ min: 130_000, max: 180_000 }),
        }),
        (each, { before, queue, startMs }) => {
          const [limits, fresh] = [new KeyLimits(each), new KeyLimits(each)];
          for (const [index, estimate] of before.entries())
            for (const one of [limits, fresh]) {
              const reservation = one.reserve(estimate, 100_000 + index * 500);
              if (index % 2 === 0) reservation.settle({ input: 10, output: 10 }, 100_000 + index * 600);
            }
          for (const one of [limits, fresh])
            one.learn('requests', { limit: 2, remaining: 0, resetAtMs: 170_000 }, 130_000);
          const answer = limits.waitMsAfter(queue, startMs);
          let atMs = startMs;
          for (const estimate of queue) {
            atMs += fresh.waitMs(estimate, atMs);
            fresh.reserve(estimate, atMs);
          }
          expect(answer).toBe(atMs - startMs);
          expect(limits.waitMsAfter(queue, startMs)).toBe(answer);
          expect(limits.waitMsAfter([], startMs)).toBe(0);
        },
      ),
    );
  });
});

describe('what answers tell about limits', () => {
  const told = (remaining: number) => ({ limit: 100, remaining, resetAtMs: 50_000 });

  it('blocks only when nothing remains, for as long as the refill of the need takes', () => {
    const limits = limited({});
    limits.learn('tokens', told(1), 10_000);
    expect(limits.waitMs(input(100), 10_000)).toBe(0);
    limits.learn('tokens', told(0), 10_000);
    expect(limits.waitMs({ input: 10, output: 15 }, 10_000)).toBe(10_000);
    expect(limits.waitMs({ input: 10, output: 15 }, 19_999)).toBe(1);
    expect(limits.waitMs({ input: 10, output: 15 }, 20_000)).toBe(0);
    expect(limits.waitMs(input(700), 10_000)).toBe(40_000);
    expect(limits.waitMs(input(700), 50_000)).toBe(0);
    limits.learn('tokens', told(1), 20_000);
    expect(limits.waitMs(input(700), 20_000)).toBe(0);
  });

  it('looks at the tokens of its kind, and at one request', () => {
    const wait = (kind: 'requests' | 'input-tokens' | 'output-tokens') => {
      const limits = limited({});
      limits.learn(kind, told(0), 10_000);
      return limits.waitMs({ input: 10, output: 25 }, 10_000);
    };
    expect(wait('requests')).toBe(400);
    expect(wait('input-tokens')).toBe(4000);
    expect(wait('output-tokens')).toBe(10_000);
  });

  it('holds for 60 s at most', () => {
    const limits = limited({});
    limits.learn('tokens', { limit: 10, remaining: 0, resetAtMs: 999_999 }, 1000);
    expect(limits.waitMs(input(10), 1000)).toBe(60_000);
    limits.learn('tokens', { limit: 10, remaining: 0, resetAtMs: Number.POSITIVE_INFINITY }, 1000);
    expect(limits.waitMs(input(5), 1000)).toBe(30_000);
  });

  it('is ignored when it is no limit', () => {
    const limits = limited({});
    for (const limit of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      limits.learn('tokens', { limit, remaining: 0, resetAtMs: 50_000 }, 0);
    limits.learn('tokens', { limit: 1, remaining: Number.NaN, resetAtMs: 50_000 }, 0);
    limits.learn('tokens', { limit: 1, remaining: 0, resetAtMs: Number.NaN }, 0);
    limits.learn('tokens', { limit: 1, remaining: 0, resetAtMs: 500 }, 500);
    expect(limits.waitMs(input(10), 500)).toBe(0);
    expect(limits.freeShare(500)).toBe(1);
  });

  it('never makes anyone wait beyond its end, and its wait is exact', () => {
    const times = fc.nat(1_000_000).map((tenths) => tenths / 10);
    fc.assert(
      fc.property(
        fc.record({ atMs: times, resetAtMs: times, laterMs: times }),
        fc.nat(200),
        (all, tokens) => {
          const { atMs, resetAtMs, laterMs } = all;
          const limits = limited({});
          limits.learn('tokens', { limit: 100, remaining: 0, resetAtMs }, atMs);
          const nowMs = atMs + laterMs;
          const waitMs = limits.waitMs(input(tokens), nowMs);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(nowMs + waitMs).toBeLessThan(Math.max(nowMs, Math.min(resetAtMs, atMs + minuteMs)) + 2);
          expect(limits.waitMs(input(tokens), nowMs + waitMs)).toBe(0);
          const learnedMs = Math.min(resetAtMs - atMs, minuteMs) * Math.min(1, tokens / 100);
          expect(laterMs + waitMs).toBeGreaterThan(learnedMs - 1e-6);
        },
      ),
    );
  });
});

describe('the free share of a key', () => {
  it('is 1 when nothing is limited or known', () => {
    expect(limited({}).freeShare(0)).toBe(1);
  });

  it('is that of the tightest limit', () => {
    const limits = limited({ rpm: 10, tpm: 100 });
    limits.reserve(input(5), 0);
    expect(limits.freeShare(0)).toBe(0.9);
    limits.reserve(input(45), 0);
    expect(limits.freeShare(0)).toBe(0.5);
    limits.reserve(input(950), 0);
    expect(limits.freeShare(0)).toBe(0);
    expect(limits.freeShare(599_999)).toBe(0);
    expect(limits.freeShare(600_000)).toBe(1);
  });

  it('refills what was told line by line until its reset', () => {
    const limits = limited({ rpm: 10 });
    limits.learn('tokens', { limit: 100, remaining: 50, resetAtMs: 20_000 }, 10_000);
    expect(limits.freeShare(10_000)).toBe(0.5);
    expect(limits.freeShare(15_000)).toBe(0.75);
    expect(limits.freeShare(20_000)).toBe(1);
  });
});

describe('a key without limits', () => {
  it('never waits, and learns from what was used', () => {
    const limits = limited({});
    for (let count = 0; count < 100; count += 1) {
      expect(limits.waitMs(input(1e9), 0)).toBe(0);
      limits.reserve(input(1e9), 0).settle({ input: 1, output: 500 }, 0);
    }
    expect(limits.expectedOutput()).toBe(500);
  });
});

describe('the expected tokens', () => {
  it.each([{ tpm: 0 }, { tpm: 1000 }])(
    'of the output are the mean of the last 20 that settled: %j',
    (tokens) => {
      const limits = limited(tokens);
      expect(limits.expectedOutput()).toBe(1000);
      limits.reserve(small, 0).release(0);
      expect(limits.expectedOutput()).toBe(1000);
      limits.reserve(small, 0).settle({ input: 0, output: 9000 }, 0);
      limits.reserve(small, 0).settle({ input: 0, output: 1 }, 0);
      expect(limits.expectedOutput()).toBe(4500.5);
      for (let output = 1; output <= 20; output += 1)
        limits.reserve(small, 0).settle({ input: 0, output }, 0);
      expect(limits.expectedOutput()).toBe(10.5);
    },
  );

  it('of the input are a quarter of the bytes', () => {
    expect([0, 1, 4, 5, 4000].map(inputEstimate)).toEqual([0, 1, 1, 2, 1000]);
  });
});

describe('odd clocks and numbers', () => {
  const odd = fc.constantFrom(
    0,
    -1,
    0.1,
    1,
    60_000,
    1e9,
    1e15,
    1e300,
    Number.MAX_SAFE_INTEGER,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  );

  it('never make a wait negative, infinite or NaN, nor take for ever', () => {
    const all = fc.array(fc.record({ nowMs: odd, input: odd, output: odd, settles: fc.boolean() }));
    fc.assert(
      fc.property(fc.record({ rpm: odd, tpm: odd, itpm: odd, otpm: odd }), all, (each, history) => {
        const limits = new KeyLimits(each);
        for (const { nowMs, settles, ...estimate } of history) {
          for (const waitMs of [
            limits.waitMs(estimate, nowMs),
            limits.waitMsAfter([estimate, small], nowMs),
          ]) {
            expect(waitMs).toBeGreaterThanOrEqual(0);
            expect(Number.isFinite(waitMs)).toBe(true);
          }
          const reservation = limits.reserve(estimate, nowMs);
          if (settles) reservation.settle({ input: estimate.output, output: estimate.input }, nowMs);
          limits.learn('tokens', { limit: estimate.input, remaining: 0, resetAtMs: estimate.output }, nowMs);
          const share = limits.freeShare(nowMs);
          expect(share >= 0 && share <= 1).toBe(true);
          expect(Number.isFinite(limits.expectedOutput())).toBe(true);
        }
      }),
    );
  });

  it('drain the same debt in one leap as step by step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(30_000),
        fc.nat(2_000_000),
        (tokens, at, leapMs) => {
          const [leaping, walking] = [limited({ tpm: 100 }), limited({ tpm: 100 })];
          for (const limits of [leaping, walking]) {
            limits.reserve(input(40), 0);
            limits.reserve(input(tokens), at);
          }
          const endMs = at + leapMs;
          for (let nowMs = at; nowMs < endMs; nowMs += 700) walking.freeShare(nowMs);
          expect(leaping.freeShare(endMs)).toBe(walking.freeShare(endMs));
          for (const asked of [1, 60, 100])
            expect(leaping.waitMs(input(asked), endMs)).toBe(walking.waitMs(input(asked), endMs));
        },
      ),
    );
  });

  it('keep what is remembered small', () => {
    const [requests, tokens] = [new SlidingWindow(500, 1), new SlidingWindow(1_000_000, 250)];
    for (let count = 0; count < 100_000; count += 1) {
      requests.take(1, count * 7.3);
      const charge = tokens.take(1000, count * 7.3);
      if (count % 3 === 0) tokens.replace(charge, count % 2000, count * 7.3);
    }
    expect(requests.size).toBeLessThanOrEqual(500);
    expect(tokens.size).toBeLessThanOrEqual(241);
  });
});
