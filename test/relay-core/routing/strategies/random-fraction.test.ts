import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFraction } from '../../../../relay-core/routing/strategies/random-fraction.ts';
import { seededRandom } from '../ranked.ts';

const fractionOf = (bytes: Uint8Array) => randomFraction({ bytes: () => bytes });

describe('randomFraction', () => {
  it('is at least 0 and less than 1, whatever the bytes', () => {
    expect(fractionOf(new Uint8Array(6))).toBe(0);
    expect(fractionOf(new Uint8Array(6).fill(255))).toBe(1 - 2 ** -48);
  });

  it('gives different bytes different fractions', () => {
    const six = fc.uint8Array({ minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(six, six, (left, right) => {
        expect(fractionOf(left) === fractionOf(right)).toBe(left.toString() === right.toString());
      }),
    );
  });

  it('fills the range evenly', () => {
    const random = seededRandom(1);
    const sum = Array.from({ length: 10_000 }, () => randomFraction(random)).reduce((a, b) => a + b, 0);
    expect(sum / 10_000).toBeCloseTo(0.5, 1);
  });
});
