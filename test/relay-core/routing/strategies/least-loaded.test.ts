import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLeastLoaded } from '../../../../relay-core/routing/strategies/least-loaded.ts';
import { isWithinThreeSigma, namesOf, ranked, seededRandom, tally } from '../ranked.ts';

const loads = fc.array(fc.record({ inFlight: fc.nat(3), priority: fc.integer({ min: 0, max: 2 }) }), {
  minLength: 2,
  maxLength: 8,
});

describe('least loaded', () => {
  it('never puts anyone before a less busy one, nor among equally busy ones before a higher priority', () => {
    fc.assert(
      fc.property(loads, fc.integer(), (facts, seed) => {
        const candidates = facts.map((each, index) => ranked(`${index}`, each));
        const order = createLeastLoaded(seededRandom(seed)).order(candidates, 'm');
        for (const [index, { upstream: later }] of order.entries()) {
          const earlier = order[index - 1]?.upstream;
          if (earlier === undefined) continue;
          expect(earlier.inFlight).toBeLessThanOrEqual(later.inFlight);
          if (earlier.inFlight === later.inFlight)
            expect(earlier.config.priority).toBeGreaterThanOrEqual(later.config.priority);
        }
      }),
    );
  });

  it('orders what is equal at random, each order equally often', () => {
    const strategy = createLeastLoaded(seededRandom(9));
    const candidates = [ranked('x', { inFlight: 1 }), ranked('a'), ranked('b'), ranked('c')];
    const orders = Array.from({ length: 6000 }, () => namesOf(strategy.order(candidates, 'm')).join(''));
    const counts = tally(orders);
    expect(counts.size).toBe(6);
    for (const [order, count] of counts) {
      expect(order.endsWith('x')).toBe(true);
      expect(isWithinThreeSigma(count, 6000, 1 / 6), `${order}: ${count}`).toBe(true);
    }
  });

  it('keeps the load level when each first one takes a request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 40 }), (size, requests) => {
        const strategy = createLeastLoaded(seededRandom(size * requests));
        const inFlight = Array.from({ length: size }, () => 0);
        for (let request = 0; request < requests; request += 1) {
          const candidates = inFlight.map((count, index) => ranked(`${index}`, { inFlight: count }));
          const first = Number(namesOf(strategy.order(candidates, 'm'))[0]);
          inFlight[first] = (inFlight[first] ?? 0) + 1;
        }
        expect(Math.max(...inFlight) - Math.min(...inFlight)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
