import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFailover } from '../../../../relay-core/routing/strategies/failover.ts';
import { namesOf, ranked } from '../ranked.ts';

describe('failover', () => {
  it('puts higher priorities first and keeps the order of the configuration among equals', () => {
    const candidates = [
      ranked('a', { priority: 1 }),
      ranked('b', { priority: 5 }),
      ranked('c', { priority: -3 }),
      ranked('d', { priority: 5 }),
      ranked('e', { priority: 1 }),
    ];
    expect(namesOf(createFailover().order(candidates, 'm'))).toEqual(['b', 'd', 'a', 'e', 'c']);
  });

  it('never puts anyone before a higher priority or an earlier equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (priorities) => {
        const candidates = priorities.map((priority, index) => ranked(`${index}`, { priority }));
        const order = createFailover().order(candidates, 'm');
        for (const [index, later] of order.entries()) {
          const earlier = order[index - 1];
          if (earlier === undefined) continue;
          const isHigher = earlier.upstream.config.priority > later.upstream.config.priority;
          const isEqual = earlier.upstream.config.priority === later.upstream.config.priority;
          expect(isHigher || (isEqual && candidates.indexOf(earlier) < candidates.indexOf(later))).toBe(true);
        }
      }),
    );
  });

  it('returns the very array when it is in order already', () => {
    const candidates = [ranked('a', { priority: 2 }), ranked('b'), ranked('c')];
    expect(createFailover().order(candidates, 'm')).toBe(candidates);
  });
});
