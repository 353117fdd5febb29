import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRoundRobin } from '../../../../relay-core/routing/strategies/round-robin.ts';
import { namesOf, nextFirsts, ranked, tally } from '../ranked.ts';

const pool = (...names: string[]) => names.map((name) => ranked(name));
const [a, b, c, d] = ['a', 'b', 'c', 'd'];

describe('round robin', () => {
  it('begins with the first and goes round, the others following cyclically', () => {
    const strategy = createRoundRobin();
    const candidates = pool('a', 'b', 'c');
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual([a, b, c]);
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual([b, c, a]);
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual([c, a, b]);
    expect(namesOf(strategy.order(candidates, 'm'))).toEqual([a, b, c]);
  });

  it('puts each first equally often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 20 }), (size, rounds) => {
        const candidates = Array.from({ length: size }, (_, index) => ranked(`${index}`));
        const counts = tally(nextFirsts(createRoundRobin(), candidates, size * rounds));
        expect([...counts.values()]).toEqual(candidates.map(() => rounds));
      }),
    );
  });

  it('goes on after the last first one when others come or go', () => {
    const strategy = createRoundRobin();
    expect(nextFirsts(strategy, pool('a', 'b', 'd'), 2)).toEqual([a, b]);
    expect(nextFirsts(strategy, pool('a', 'b', 'c', 'd'), 1)).toEqual([c]);
    expect(nextFirsts(strategy, pool('c', 'd'), 2)).toEqual([d, c]);
    expect(nextFirsts(strategy, pool('a', 'b', 'c', 'd'), 1)).toEqual([d]);
  });

  it('goes on with the follower of the last first one when that has left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 1, max: 30 }), (size, count) => {
        const strategy = createRoundRobin();
        const candidates = Array.from({ length: size }, (_, index) => ranked(`${index}`));
        nextFirsts(strategy, candidates, count);
        const left = (count - 1) % size;
        const [next] = nextFirsts(strategy, candidates.toSpliced(left, 1), 1);
        expect(next).toBe(`${(left + 1) % size}`);
      }),
    );
  });

  it('lets a lone candidate take nobody’s turn', () => {
    const strategy = createRoundRobin();
    expect(nextFirsts(strategy, pool('a', 'b', 'c'), 1)).toEqual([a]);
    expect(nextFirsts(strategy, pool('c'), 1)).toEqual([c]);
    expect(nextFirsts(strategy, pool('a', 'b', 'c'), 1)).toEqual([b]);
  });
});
