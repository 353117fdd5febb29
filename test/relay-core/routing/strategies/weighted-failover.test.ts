import { describe, expect, it } from 'vitest';
import { createWeightedFailover } from '../../../../relay-core/routing/strategies/weighted-failover.ts';
import { isWithinThreeSigma, namesOf, ranked, seededRandom, tally } from '../ranked.ts';

const trials = 20_000;

const drawn = (candidates: readonly ReturnType<typeof ranked>[], seed: number) => {
  const strategy = createWeightedFailover(seededRandom(seed));
  return tally(Array.from({ length: trials }, () => namesOf(strategy.order(candidates, 'm')).join('')));
};

describe('weighted failover', () => {
  it('draws each whole order as often as drawing by weight without replacement does', () => {
    const weights: Record<string, number> = { a: 5, b: 3, c: 2 };
    const counts = drawn(
      Object.entries(weights).map(([name, weight]) => ranked(name, { weight })),
      3,
    );
    expect(counts.size).toBe(6);
    for (const [order, count] of counts) {
      const [first = 0, second = 0] = [...order].map((name) => weights[name] ?? 0);
      const chance = (first / 10) * (second / (10 - first));
      expect(isWithinThreeSigma(count, trials, chance), `${order}: ${count}`).toBe(true);
    }
  });

  it('counts a weight of 0 or less as 1', () => {
    const counts = drawn([ranked('a', { weight: 0 }), ranked('b', { weight: -7 }), ranked('c')], 5);
    expect(counts.size).toBe(6);
    for (const [order, count] of counts)
      expect(isWithinThreeSigma(count, trials, 1 / 6), `${order}: ${count}`).toBe(true);
  });
});
