import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Strategy } from '../../../../relay-core/contracts/config.ts';
import { createStrategy } from '../../../../relay-core/routing/strategies/create-strategy.ts';
import { namesOf, ranked, seededRandom } from '../ranked.ts';

const permuting: readonly Strategy[] = [
  'failover',
  'round_robin',
  'weighted_round_robin',
  'shuffle',
  'weighted_failover',
  'least_loaded',
];

const build = (kind: Strategy, seed = 1) =>
  createStrategy(kind, {
    random: seededRandom(seed),
    modelMapping: new Map([['claude-opus', 'b']]),
    defaultProvider: undefined,
  });

const facts = fc.record({
  priority: fc.integer({ min: -2, max: 2 }),
  weight: fc.integer({ min: -1, max: 5 }),
  inFlight: fc.nat(3),
});
const pool = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), facts), { selector: ([name]) => name })
  .map((entries) => entries.map(([name, of]) => ranked(name, of)));

describe.each(permuting)('the strategy %s', (kind) => {
  it('gives every candidate exactly once, whoever comes and goes, and leaves the input alone', () => {
    fc.assert(
      fc.property(fc.array(pool, { maxLength: 12 }), fc.integer(), (pools, seed) => {
        const strategy = build(kind, seed);
        for (const candidates of pools) {
          const before = [...candidates];
          const order = strategy.order(candidates, 'claude-opus-4');
          expect(order.toSorted(byName)).toEqual(before.toSorted(byName));
          expect(candidates).toEqual(before);
        }
      }),
    );
  });

  it('returns the very array when there is nothing to order', () => {
    const strategy = build(kind);
    const alone = [ranked('a')];
    expect(strategy.order(alone, 'm')).toBe(alone);
    expect(strategy.order([], 'm')).toEqual([]);
  });
});

const byName = (left: ReturnType<typeof ranked>, right: ReturnType<typeof ranked>) =>
  left.upstream.config.name.localeCompare(right.upstream.config.name);

describe('createStrategy', () => {
  it('makes model_based from the mapping', () => {
    const order = build('model_based').order([ranked('a'), ranked('b')], 'claude-opus-4');
    expect(namesOf(order)).toEqual(['b']);
  });

  it('makes of each name the strategy of that name', () => {
    const candidates = [
      ranked('busy', { priority: 2, weight: 1, inFlight: 9 }),
      ranked('heavy', { priority: 1, weight: 1_000_000, inFlight: 5 }),
      ranked('idle', { priority: 0, weight: 1, inFlight: 0 }),
    ];
    const secondOrder = (kind: Strategy) => {
      const strategy = build(kind);
      strategy.order(candidates, 'm');
      return namesOf(strategy.order(candidates, 'm'));
    };
    expect(secondOrder('failover')).toEqual(['busy', 'heavy', 'idle']);
    expect(secondOrder('round_robin')).toEqual(['heavy', 'idle', 'busy']);
    expect(secondOrder('least_loaded')).toEqual(['idle', 'heavy', 'busy']);
    expect(secondOrder('weighted_round_robin')[0]).toBe('heavy');
    expect(secondOrder('weighted_failover')[0]).toBe('heavy');
  });

  it('gives each strategy a state of its own', () => {
    const pair = [ranked('a'), ranked('b')];
    build('round_robin').order(pair, 'm');
    expect(namesOf(build('round_robin').order(pair, 'm'))).toEqual(['a', 'b']);
  });
});
