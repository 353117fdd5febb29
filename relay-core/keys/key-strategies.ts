import type { Random } from '../ports.ts';
import type { PooledKey } from './pooled-key.ts';

/** How the keys of one provider take turns (`pooling.strategy`). */
export type KeyStrategy = 'least_loaded' | 'round_robin' | 'random' | 'weighted';

/** Orders the keys for one request, best first. */
export type OrderKeys = (keys: readonly PooledKey[], nowMs: number) => readonly PooledKey[];

/** The key with most room first; of equal ones that with least in flight, then the one used longest ago. */
const leastLoaded: OrderKeys = (keys, nowMs) =>
  keys.toSorted(
    (left, right) =>
      right.limits.freeShare(nowMs) - left.limits.freeShare(nowMs) ||
      left.slots.inFlight - right.slots.inFlight ||
      left.lastUse - right.lastUse,
  );

/** The keys in turn: the one used longest ago first, in the order written to begin with. */
const roundRobin: OrderKeys = (keys) => keys.toSorted((left, right) => left.lastUse - right.lastUse);

const fractionBytes = 4;

const randomFraction = (random: Random): number =>
  Buffer.from(random.bytes(fractionBytes)).readUInt32LE() / 2 ** 32;

/** Drawn without putting back, each with the chance of its weight (Efraimidis and Spirakis). */
const weighted =
  (random: Random, weightOf: (key: PooledKey) => number): OrderKeys =>
  (keys) =>
    keys
      .map((key) => ({ key, rank: -Math.log(1 - randomFraction(random)) / weightOf(key) }))
      .sort((left, right) => left.rank - right.rank)
      .map(({ key }) => key);

/** The order for one configured strategy. */
export const createKeyOrder = (strategy: KeyStrategy, random: Random): OrderKeys => {
  switch (strategy) {
    case 'least_loaded':
      return leastLoaded;
    case 'round_robin':
      return roundRobin;
    case 'random':
      return weighted(random, () => 1);
    case 'weighted':
      return weighted(random, ({ config }) => config.weight);
  }
};
