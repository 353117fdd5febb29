import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLearnedLimits, waitUntilReset } from '../../../relay-core/keys/learned-limits.ts';
import type { LearnedKind, LearnedLimit } from '../../../relay-core/keys/limits.ts';
import { TwoClocks } from '../resilience/two-clocks.ts';

const wallMs = Date.parse('2026-03-01T12:00:00Z');

/** A clock at noon of 1 March 2026, wherever its monotonic time is. */
const noon = () => {
  const clock = new TwoClocks();
  clock.wallAheadMs = wallMs - clock.monotonic();
  return clock;
};

const limitHeaders = (kind: string, values: { limit?: string; remaining?: string; reset?: string }) =>
  Object.entries(values).flatMap(([name, value]) => [`anthropic-ratelimit-${kind}-${name}`, value]);

const inAMinute = '2026-03-01T12:01:00Z';
const whole = { limit: '50', remaining: '7', reset: inAMinute };

describe("limits in an answer's headers", () => {
  it('are read for all four kinds, as distances on the monotonic clock', () => {
    const clock = noon();
    const kinds = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
    const headers = kinds.flatMap((kind) => limitHeaders(kind, whole));
    const resetAtMs = clock.monotonic() + 60_000;
    expect(readLearnedLimits(headers, clock)).toEqual(
      kinds.map((kind) => [kind, { limit: 50, remaining: 7, resetAtMs }]),
    );
  });

  it.each([
    ['UTC', '2026-03-01T12:00:30Z'],
    ['fractions of a second', '2026-03-01T12:00:30.000Z'],
    ['an offset', '2026-03-01T14:30:30+02:30'],
    ['the date line behind it', '2026-02-28T23:00:30-13:00'],
  ])('name their reset as RFC 3339 in %s', (_form, reset) => {
    const clock = noon();
    const [[, learned] = []] = readLearnedLimits(limitHeaders('tokens', { ...whole, reset }), clock);
    expect(learned?.resetAtMs).toBe(clock.monotonic() + 30_000);
  });

  it.each([
    ['ahead', 86_400_000, 0],
    ['behind', -3_600_000, 3_660_000],
  ])('never reset in the past when the wall clock is far %s', (_way, aheadMs, expectedMs) => {
    const clock = noon();
    clock.wallAheadMs += aheadMs;
    const [[, learned] = []] = readLearnedLimits(limitHeaders('requests', whole), clock);
    expect(learned?.resetAtMs).toBe(clock.monotonic() + expectedMs);
  });

  it('are found whatever the case of their names', () => {
    const headers = [
      'Anthropic-RateLimit-Requests-Limit',
      '50',
      'ANTHROPIC-RATELIMIT-REQUESTS-REMAINING',
      '0',
    ];
    const clock = noon();
    const learned = readLearnedLimits([...headers, 'anthropic-RATELIMIT-requests-Reset', inAMinute], clock);
    expect(learned).toMatchObject([['requests', { limit: 50, remaining: 0 }]]);
  });

  it.each<[string, { limit?: string; remaining?: string; reset?: string }]>([
    ['no limit', { remaining: '7', reset: inAMinute }],
    ['no remainder', { limit: '50', reset: inAMinute }],
    ['no reset', { limit: '50', remaining: '7' }],
    ['a negative remainder', { ...whole, remaining: '-1' }],
    ['a broken limit', { ...whole, limit: '50.5' }],
    ['words', { ...whole, limit: 'many' }],
    ['nothing', { ...whole, limit: '' }],
    ['a number too long to be one', { ...whole, limit: '9'.repeat(16) }],
    ['hexadecimal', { ...whole, remaining: '0x10' }],
    ['a reset that is no time', { ...whole, reset: 'soon' }],
    ['an empty reset', { ...whole, reset: '' }],
  ])('say nothing with %s', (_what, values) => {
    const clock = noon();
    expect(readLearnedLimits(limitHeaders('requests', values), clock)).toEqual([]);
    const both = [...limitHeaders('requests', values), ...limitHeaders('tokens', whole)];
    expect(readLearnedLimits(both, clock).map(([kind]) => kind)).toEqual(['tokens']);
  });

  it('are none in other headers, nor in those of a subscription', () => {
    const headers = ['content-type', 'text/plain', ...limitHeaders('unified', whole)];
    expect(readLearnedLimits(headers, noon())).toEqual([]);
    expect(readLearnedLimits([], noon())).toEqual([]);
  });

  it('are whole, finite and never of the past, whatever the headers say', () => {
    const number = fc.oneof({ weight: 4, arbitrary: fc.nat().map(String) }, fc.string());
    const time = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    const reset = fc.oneof({ weight: 4, arbitrary: time }, fc.string(), fc.nat().map(String));
    const kind = fc.constantFrom('requests', 'tokens', 'input-tokens', 'output-tokens', 'unified');
    const header = fc
      .tuple(kind, fc.record({ limit: number, remaining: number, reset }))
      .map(([of, values]) => limitHeaders(of, values));
    fc.assert(
      fc.property(fc.array(header, { maxLength: 12 }), (headers) => {
        const clock = noon();
        for (const [, learned] of readLearnedLimits(headers.flat(), clock)) {
          expect(Number.isSafeInteger(learned.limit) && learned.limit >= 0).toBe(true);
          expect(Number.isSafeInteger(learned.remaining) && learned.remaining >= 0).toBe(true);
          expect(Number.isFinite(learned.resetAtMs)).toBe(true);
          expect(learned.resetAtMs).toBeGreaterThanOrEqual(clock.monotonic());
        }
      }),
    );
  });
});

describe('the wait until a reset', () => {
  const nowMs = 1000;
  const learned = (
    kind: LearnedKind,
    remaining: number,
    inMs: number,
  ): readonly [LearnedKind, LearnedLimit] => [kind, { limit: 50, remaining, resetAtMs: nowMs + inMs }];

  it('is that of what is used up, the longest of several', () => {
    expect(waitUntilReset([learned('requests', 0, 300), learned('tokens', 0, 900)], nowMs)).toBe(900);
    expect(waitUntilReset([learned('requests', 0, 300), learned('tokens', 1, 900)], nowMs)).toBe(300);
  });

  it('is unknown when nothing is used up', () => {
    expect(waitUntilReset([learned('requests', 1, 300)], nowMs)).toBeUndefined();
    expect(waitUntilReset([], nowMs)).toBeUndefined();
  });
});
