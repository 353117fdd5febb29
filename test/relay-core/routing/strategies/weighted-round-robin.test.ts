import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWeightedRoundRobin } from '../../../../relay-core/routing/strategies/weighted-round-robin.ts';
import { namesOf, nextFirsts, ranked, tally } from '../ranked.ts';

const weights = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 5 });
const poolOf = (of: readonly number[]) => of.map((weight, index) => ranked(`${index}`, { weight }));
const sum = (of: readonly number[]) => of.reduce((total, each) => total + each, 0);

describe('weighted round robin', () => {
  it('spreads a heavy one evenly among the light ones', () => {
    const candidates = [ranked('a', { weight: 5 }), ranked('b'), ranked('c')];
    expect(nextFirsts(createWeightedRoundRobin(), candidates, 7).join('')).toBe('aabacaa');
  });

  it('puts each first exactly as often as its weight says, in every cycle', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 4 }), (of, cycles) => {
        const strategy = createWeightedRoundRobin();
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          const counts = tally(nextFirsts(strategy, poolOf(of), sum(of)));
          expect(of.map((_, index) => counts.get(`${index}`))).toEqual(of);
        }
      }),
    );
  });

  it('orders the others by what they have earned', () => {
    const candidates = [ranked('a', { weight: 4 }), ranked('b', { weight: 2 }), ranked('c', { weight: 3 })];
    const strategy = createWeightedRoundRobin();
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual(['a', 'c', 'b']);
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual(['c', 'b', 'a']);
  });

  it('counts a weight of 0 or less as 1', () => {
    const candidates = [ranked('a', { weight: 0 }), ranked('b', { weight: -4 }), ranked('c', { weight: 2 })];
    const counts = tally(nextFirsts(createWeightedRoundRobin(), candidates, 8));
    expect(Object.fromEntries(counts)).toEqual({ a: 2, b: 2, c: 4 });
  });

  it('stays near the proportion when candidates come and go', () => {
    const phase = fc.tuple(fc.subarray([0, 1, 2, 3], { minLength: 2 }), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.array(phase, { maxLength: 8 }), (phases) => {
        const of = [4, 3, 2, 1];
        const strategy = createWeightedRoundRobin();
        for (const [present, count] of phases)
          nextFirsts(
            strategy,
            present.flatMap((index) => poolOf(of)[index] ?? []),
            count,
          );
        const cycles = 50;
        const counts = tally(nextFirsts(strategy, poolOf(of), sum(of) * cycles));
        for (const [index, weight] of of.entries()) {
          // What was earned or owed before is worth a few places at most, however long before lasted.
          expect(Math.abs((counts.get(`${index}`) ?? 0) - weight * cycles)).toBeLessThanOrEqual(of.length);
        }
      }),
    );
  });
});
