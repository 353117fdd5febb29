import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShuffle } from '../../../../relay-core/routing/strategies/shuffle.ts';
import { isWithinThreeSigma, namesOf, nextFirsts, ranked, seededRandom, tally } from '../ranked.ts';

const pool = (...names: string[]) => names.map((name) => ranked(name));

describe('shuffle', () => {
  it('puts every candidate first once before any comes first twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer(), (size, seed) => {
        const strategy = createShuffle(seededRandom(seed));
        const candidates = Array.from({ length: size }, (_, index) => ranked(`${index}`));
        for (let deck = 0; deck < 4; deck += 1)
          expect(nextFirsts(strategy, candidates, size).toSorted()).toEqual(namesOf(candidates).toSorted());
      }),
    );
  });

  it('deals every order of the deck equally often', () => {
    const strategy = createShuffle(seededRandom(7));
    const decks = Array.from({ length: 6000 }, () => nextFirsts(strategy, pool('a', 'b', 'c'), 3).join(''));
    const counts = tally(decks);
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(isWithinThreeSigma(count, 6000, 1 / 6)).toBe(true);
  });

  it('orders those behind the first at random, each order equally often', () => {
    const strategy = createShuffle(seededRandom(11));
    const orders = Array.from({ length: 6000 }, () =>
      namesOf(strategy.order(pool('a', 'b', 'c'), 'm')).join(''),
    );
    const counts = tally(orders);
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(isWithinThreeSigma(count, 6000, 1 / 6)).toBe(true);
  });

  it('deals a newcomer within the deck and goes on without one that left', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const strategy = createShuffle(seededRandom(seed));
        const [first = ''] = nextFirsts(strategy, pool('a', 'b', 'c'), 1);
        expect(nextFirsts(strategy, pool('a', 'b', 'c', 'd'), 3)).not.toContain(first);
        const strict = createShuffle(seededRandom(seed));
        const [dealt = ''] = nextFirsts(strict, pool('a', 'b', 'c'), 1);
        const [gone = '', kept = ''] = ['a', 'b', 'c'].filter((name) => name !== dealt);
        const stayed = pool('a', 'b', 'c').filter(({ upstream }) => upstream.config.name !== gone);
        expect(nextFirsts(strict, stayed, 1)).toEqual([kept]);
      }),
    );
  });
});
