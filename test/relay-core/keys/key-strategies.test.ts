import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyPool } from '../../../relay-core/keys/key-pool.ts';
import type { KeyStrategy } from '../../../relay-core/keys/key-strategies.ts';
import type { PooledKey } from '../../../relay-core/keys/pooled-key.ts';
import { isWithinThreeSigma, seededRandom, tally } from '../routing/ranked.ts';
import { keyConfig } from './key-config.ts';

const startMs = 10_000;
const small = { input: 0, output: 0 };
const strategies: readonly KeyStrategy[] = ['least_loaded', 'round_robin', 'random', 'weighted'];

type Facts = NonNullable<Parameters<typeof keyConfig>[1]>;

const poolOf = (strategy: KeyStrategy, facts: readonly Facts[], seed = 1) =>
  new KeyPool(
    facts.map((each, index) => keyConfig(`k${index}`, each)),
    { strategy, random: seededRandom(seed) },
  );

const idsOf = (pool: KeyPool, nowMs = startMs): string[] =>
  pool.order(nowMs).map((credential) => (credential.kind === 'key' ? credential.keyId : 'none'));

const firstOf = (pool: KeyPool, nowMs = startMs): PooledKey => {
  const key = pool.find(idsOf(pool, nowMs)[0] ?? '');
  if (key === undefined) throw new Error('no key came first');
  return key;
};

/** Uses the first key of each of the next orders; it runs no longer than that. */
const useFirsts = (pool: KeyPool, count: number): string[] =>
  Array.from({ length: count }, () => {
    const key = firstOf(pool);
    pool.noteUse(key);
    key.limits.reserve(small, startMs);
    return key.config.keyId;
  });

const unlimited = (count: number): Facts[] => Array.from({ length: count }, () => ({}));

describe('every key strategy', () => {
  it('orders all keys, each once, whatever their use', () => {
    const facts = fc.array(
      fc.record({
        weight: fc.integer({ min: 1, max: 9 }),
        limits: fc.record({ rpm: fc.nat(3) }),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...strategies), facts, fc.array(fc.nat(9)), (strategy, keys, uses) => {
        const pool = poolOf(strategy, keys);
        for (const use of uses) {
          const key = pool.keys[use];
          if (key === undefined) continue;
          pool.noteUse(key);
          key.slots.take();
          key.limits.reserve(small, startMs);
        }
        expect(idsOf(pool).toSorted()).toEqual(keys.map((_key, index) => `k${index}`));
      }),
    );
  });
});

describe('least_loaded', () => {
  it('puts the key with the largest free share first, not the one with the largest limit', () => {
    const pool = poolOf('least_loaded', [{ limits: { rpm: 100 } }, { limits: { rpm: 4 } }]);
    const [large, tiny] = pool.keys;
    for (let count = 0; count < 40; count += 1) large?.limits.reserve(small, startMs);
    tiny?.limits.reserve(small, startMs);
    expect(idsOf(pool)).toEqual(['k1', 'k0']);
    tiny?.limits.reserve(small, startMs);
    expect(idsOf(pool)).toEqual(['k0', 'k1']);
  });

  it('never puts a key first that has less room than another, and uses equal ones in turn', () => {
    const limits = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 60 }), (rpms, count) => {
        const pool = poolOf(
          'least_loaded',
          rpms.map((rpm) => ({ limits: { rpm } })),
        );
        for (let use = 0; use < count; use += 1) {
          const key = firstOf(pool);
          const shares = pool.keys.map((each) => each.limits.freeShare(startMs));
          const mine = key.limits.freeShare(startMs);
          expect(mine).toBe(Math.max(...shares));
          const equals = pool.keys.filter((each) => each.limits.freeShare(startMs) === mine);
          expect(key.lastUse).toBe(Math.min(...equals.map(({ lastUse }) => lastUse)));
          pool.noteUse(key);
          key.limits.reserve(small, startMs);
        }
      }),
    );
  });

  it('spreads over unlimited keys evenly', () => {
    expect(useFirsts(poolOf('least_loaded', unlimited(3)), 9)).toEqual(
      ['k0', 'k1', 'k2'].concat(['k0', 'k1', 'k2'], ['k0', 'k1', 'k2']),
    );
  });

  it('prefers the one with least in flight among keys with equal room', () => {
    const pool = poolOf('least_loaded', unlimited(3));
    pool.keys[0]?.slots.take();
    pool.keys[0]?.slots.take();
    pool.keys[1]?.slots.take();
    expect(idsOf(pool)).toEqual(['k2', 'k1', 'k0']);
  });

  it('fills the keys in proportion to their limits', () => {
    const pool = poolOf('least_loaded', [{ limits: { rpm: 10 } }, { limits: { rpm: 30 } }]);
    expect(tally(useFirsts(pool, 20))).toEqual(
      new Map([
        ['k0', 5],
        ['k1', 15],
      ]),
    );
  });
});

describe('round_robin', () => {
  it('uses the keys exactly in turn, in the order written', () => {
    const count = fc.integer({ min: 2, max: 7 });
    fc.assert(
      fc.property(count, fc.nat(50), (keyCount, uses) => {
        const expected = Array.from({ length: uses }, (_use, index) => `k${index % keyCount}`);
        expect(useFirsts(poolOf('round_robin', unlimited(keyCount)), uses)).toEqual(expected);
      }),
    );
  });

  it('lets the others wait in the order in which they were used', () => {
    const pool = poolOf('round_robin', unlimited(3));
    useFirsts(pool, 4);
    expect(idsOf(pool)).toEqual(['k1', 'k2', 'k0']);
  });

  it('counts the key that was really used, not the one that came first', () => {
    const pool = poolOf('round_robin', unlimited(3));
    const [, second] = pool.keys;
    if (second) pool.noteUse(second);
    expect(idsOf(pool)).toEqual(['k0', 'k2', 'k1']);
  });
});

describe.each([1, 2, 3, 4])('the drawn strategies with seed %i', (seed) => {
  const draws = 4000;

  it('random: every key comes first as often as every other', () => {
    const pool = poolOf('random', [{ weight: 9 }, {}, {}, {}], seed);
    const counts = tally(useFirsts(pool, draws));
    for (const { config } of pool.keys)
      expect(isWithinThreeSigma(counts.get(config.keyId) ?? 0, draws, 1 / 4)).toBe(true);
  });

  it('weighted: each key comes first in proportion to its weight', () => {
    const weights = [1, 2, 5, 12];
    const pool = poolOf(
      'weighted',
      weights.map((weight) => ({ weight })),
      seed,
    );
    const counts = tally(useFirsts(pool, draws));
    for (const { config } of pool.keys)
      expect(isWithinThreeSigma(counts.get(config.keyId) ?? 0, draws, config.weight / 20)).toBe(true);
  });

  it('weighted: the second is drawn by weight from those that are left', () => {
    const pool = poolOf('weighted', [{ weight: 10 }, { weight: 1 }, { weight: 3 }], seed);
    const orders = Array.from({ length: draws }, () => idsOf(pool)).filter(([first]) => first === 'k0');
    const second = tally(orders.map(([, next]) => next ?? ''));
    expect(isWithinThreeSigma(second.get('k2') ?? 0, orders.length, 3 / 4)).toBe(true);
  });
});
