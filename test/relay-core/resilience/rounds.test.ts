import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttemptFailure, isTransient } from '../../../relay-core/resilience/attempt-failure.ts';
import { nextRoundDelayMs, type RoundState } from '../../../relay-core/resilience/rounds.ts';

const overloaded: AttemptFailure = { kind: 'overloaded', retryAfterMs: undefined };
const waitAfter = (state: Partial<RoundState>) =>
  nextRoundDelayMs({ failure: overloaded, round: 0, elapsedMs: 0, patienceMs: 120_000, ...state });
const rateLimited = (retryAfterMs: number | undefined): AttemptFailure => ({
  kind: 'rate-limited',
  retryAfterMs,
});

/** The waits of one request that fails alike in every round. */
const roundsOf = (failure: AttemptFailure): readonly number[] => {
  const delays: number[] = [];
  let elapsedMs = 0;
  for (let round = 0; ; round += 1) {
    const delayMs = waitAfter({ failure, round, elapsedMs });
    if (delayMs === undefined) return delays;
    delays.push(delayMs);
    elapsedMs += delayMs;
  }
};

const wait = fc.option(fc.nat(200_000), { nil: undefined });
const anyFailure: fc.Arbitrary<AttemptFailure> = fc.oneof(
  fc.record({ kind: fc.constantFrom('rate-limited' as const, 'overloaded' as const), retryAfterMs: wait }),
  fc.record({
    kind: fc.constant('server-error' as const),
    status: fc.constantFrom(500, 502, 503, 504),
    retryAfterMs: wait,
  }),
  fc.constantFrom<AttemptFailure>(
    { kind: 'unreachable', detail: '' },
    { kind: 'timeout', detail: '' },
    { kind: 'unauthorized' },
    { kind: 'invalid-request' },
  ),
);
const anyState: fc.Arbitrary<RoundState> = fc.record({
  failure: anyFailure,
  round: fc.nat(2000),
  elapsedMs: fc.double({ min: 0, max: 200_000, noNaN: true }),
  patienceMs: fc.nat(200_000),
});

describe('the wait before another round', () => {
  it('is 1, 2, 4, 8 s … where the upstream names none', () => {
    expect([0, 1, 2, 3, 4, 5].map((round) => waitAfter({ round }))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 32_000,
    ]);
  });

  it("is the upstream's own retry-after, in every round", () => {
    expect([0, 1, 5].map((round) => waitAfter({ round, failure: rateLimited(7000) }))).toEqual([
      7000, 7000, 7000,
    ]);
    expect(waitAfter({ failure: { kind: 'server-error', status: 503, retryAfterMs: 2500 } })).toBe(2500);
  });

  it('does not turn a retry-after of 0 into a tight loop', () => {
    expect([0, 1, 2].map((round) => waitAfter({ round, failure: rateLimited(0) }))).toEqual([
      1000, 2000, 4000,
    ]);
  });

  // `retry-after: 0.001`, or a date a few milliseconds away, against a vendor that already says 429.
  it('keeps the rounds of one patience countable however short the retry-after', () => {
    expect(roundsOf(rateLimited(1)).length).toBeLessThanOrEqual(120);
  });

  it('may use the patience to its last millisecond', () => {
    expect(waitAfter({ elapsedMs: 119_000 })).toBe(1000);
    expect(waitAfter({ elapsedMs: 119_001 })).toBeUndefined();
    expect(waitAfter({ failure: rateLimited(60_000), elapsedMs: 60_000 })).toBe(60_000);
    expect(waitAfter({ failure: rateLimited(60_000), elapsedMs: 60_001 })).toBeUndefined();
  });

  it('does not come for a rate limit of more than a minute', () => {
    expect(waitAfter({ failure: rateLimited(60_001) })).toBeUndefined();
  });

  it('does not come when the patience is 0', () => {
    expect(waitAfter({ patienceMs: 0 })).toBeUndefined();
  });

  it('never reaches beyond the patience, and comes only where waiting may help', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const delayMs = nextRoundDelayMs(state);
        if (delayMs === undefined) return;
        expect(isTransient(state.failure)).toBe(true);
        expect(delayMs).toBeGreaterThan(0);
        expect(state.elapsedMs + delayMs).toBeLessThanOrEqual(state.patienceMs);
      }),
      { numRuns: 2000 },
    );
  });

  it('comes for every transient failure while there is time', () => {
    fc.assert(
      fc.property(anyFailure, (failure) => {
        const delayMs = waitAfter({ failure, patienceMs: 1_000_000 });
        expect(delayMs !== undefined).toBe(isTransient(failure));
      }),
    );
  });

  it('lets the rounds come to an end', () => {
    expect(roundsOf(overloaded)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
  });
});
