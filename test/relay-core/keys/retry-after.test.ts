import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs } from '../../../relay-core/keys/retry-after.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const parse = (value: string | undefined) => parseRetryAfterMs(value, nowMs);

describe('a retry-after header', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    ['60', 60_000],
    ['007', 7000],
    [' 5 ', 5000],
    ['0.5', 500],
    ['1.0001', 1001],
    ['86400', 86_400_000],
  ])('of %j seconds is %i ms', (value, expected) => {
    expect(parse(value)).toBe(expected);
  });

  it.each([
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 12:00:00 GMT', 0],
    ['Friday, 20-Nov-26 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 12:00:00 GMT', 86_400_000],
  ])('with the date %j is %i ms', (value, expected) => {
    expect(parse(value)).toBe(expected);
  });

  // RFC 9110 5.6.7; Date.parse alone would take the computer's own zone.
  it('with a date of the asctime form is in UTC', () => {
    const zone = process.env.TZ;
    try {
      process.env.TZ = 'Asia/Tokyo';
      expect(parse('Fri Nov 20 12:00:30 2026')).toBe(30_000);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it.each(['Fri, 20 Nov 2026 11:59:59 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
    'with the past date %j is 0',
    (value) => {
      expect(parse(value)).toBe(0);
    },
  );

  it.each([
    undefined,
    '',
    '   ',
    '-1',
    '-5.5',
    '+5',
    'soon',
    'Soon',
    '5 minutes',
    '5s',
    '1e3',
    '0x10',
    '1,5',
    '5.',
    '.5',
    '5, 10',
    '1_000',
    'NaN',
    'Infinity',
    '2026-11-20T12:00:30Z',
    'Fri, 99 Nov 2026 12:00:00 GMT',
  ])('of %j is none', (value) => {
    expect(parse(value)).toBeUndefined();
  });

  // Date.parse makes a date of any word with a number behind it: years that nobody named.
  it.each(['Wait 60', 'About 12', 'Soon 5', 'Not before 2099'])('of the words %j is none', (value) => {
    expect(parse(value)).toBeUndefined();
  });

  it('of 2026 is seconds, not a year', () => {
    expect(parse('2026')).toBe(2_026_000);
  });

  it('of a huge number is a long wait', () => {
    expect(parse('99999999999')).toBe(99_999_999_999_000);
  });

  // Else "Infinity" or "1e+21" would go out as a retry-after of ours.
  it.each([25, 400])('of %i digits is still a whole number of milliseconds', (digits) => {
    const waitMs = parse('9'.repeat(digits));
    expect(waitMs === undefined || Number.isSafeInteger(waitMs)).toBe(true);
  });

  it('is never negative and never NaN, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const waitMs = parse(value);
          if (waitMs !== undefined) expect(waitMs).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('of any second in the coming year is read alike as number and as date', () => {
    fc.assert(
      fc.property(fc.nat(31_536_000), (seconds) => {
        const date = new Date(nowMs + seconds * 1000).toUTCString();
        expect([parse(String(seconds)), parse(date)]).toEqual([seconds * 1000, seconds * 1000]);
      }),
    );
  });
});
