import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyPool } from '../../../relay-core/keys/key-pool.ts';
import { seededRandom } from '../routing/ranked.ts';
import { keyConfig } from './key-config.ts';

const startMs = 10_000;

const poolOf = (...keyIds: string[]) =>
  new KeyPool(
    keyIds.map((keyId) => keyConfig(keyId)),
    { strategy: 'round_robin', random: seededRandom(1) },
  );

describe('a pool of keys', () => {
  it('finds a key by its id, and nothing for one it does not have', () => {
    const pool = poolOf('a', 'b');
    expect(pool.find('b')?.config.keyId).toBe('b');
    expect(pool.find('c')).toBeUndefined();
    expect(pool.find('')).toBeUndefined();
  });

  it('orders none and one without a choice, always as the same credential', () => {
    expect(poolOf().order(startMs)).toEqual([]);
    const single = poolOf('a');
    expect(single.order(startMs)).toEqual([{ kind: 'key', keyId: 'a' }]);
    expect(single.order(startMs)[0]).toBe(single.find('a')?.credential);
  });

  it('shows no key material in its order', () => {
    expect(JSON.stringify(poolOf('a', 'b').order(startMs))).not.toContain('dummy');
  });

  it('gives the same credential for a key in every order: a round tells by it whom it has tried', () => {
    const pool = poolOf('a', 'b', 'c');
    const [first] = pool.keys;
    const before = new Set(pool.order(startMs));
    if (first) pool.noteUse(first);
    for (const credential of pool.order(startMs)) expect(before.has(credential)).toBe(true);
  });

  it('counts the keys that neither rest nor are retired nor checked; limits are another matter', () => {
    const pool = new KeyPool(
      ['a', 'b', 'c', 'd', 'e'].map((keyId) => keyConfig(keyId, { limits: { rpm: 1 } })),
      { strategy: 'round_robin', random: seededRandom(1) },
    );
    const [a, b, c, d, e] = pool.keys;
    a?.coolDown(1000, 'rate-limited', startMs);
    b?.coolDown(2000, 'quota-exhausted', startMs);
    c?.retire();
    d?.check();
    e?.limits.reserve({ input: 1, output: 1 }, startMs);
    expect(pool.availableCount(startMs)).toBe(1);
    expect(pool.availableCount(startMs + 1000)).toBe(2);
    expect(pool.availableCount(startMs + 2000)).toBe(3);
    c?.restore();
    expect(pool.availableCount(startMs + 2000)).toBe(4);
  });

  it('has a sibling for a key exactly when another key is available', () => {
    const isResting = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(isResting, fc.nat(4), (resting, asked) => {
        const pool = poolOf(...resting.map((_rests, index) => `k${index}`));
        for (const [index, rests] of resting.entries())
          if (rests) pool.keys[index]?.coolDown(1000, 'rate-limited', startMs);
        const others = resting.filter((rests, index) => index !== asked && !rests).length;
        expect(pool.hasSibling(`k${asked}`, startMs)).toBe(others > 0);
        const isAskedAvailable = resting[asked] === false ? 1 : 0;
        expect(pool.availableCount(startMs)).toBe(others + isAskedAvailable);
      }),
    );
  });
});
