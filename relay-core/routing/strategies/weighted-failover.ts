import type { Random } from '../../ports.ts';
import { randomFraction } from './random-fraction.ts';
import type { Ranked, RoutingStrategy } from './strategy.ts';
import { weightOf } from './weight-of.ts';

/** A random moment, the earlier the greater the weight: in such a race each wins in proportion to its weight. */
const arrival = (candidate: Ranked, random: Random): number =>
  -Math.log(1 - randomFraction(random)) / weightOf(candidate);

/** Drawn by weight without replacement: each place goes to one of those left, in proportion to their weights. */
export const createWeightedFailover = (random: Random): RoutingStrategy => ({
  order: (candidates) =>
    candidates.length < 2
      ? candidates
      : candidates
          .map((candidate) => ({ candidate, arrivesAt: arrival(candidate, random) }))
          .sort((left, right) => left.arrivesAt - right.arrivesAt)
          .map(({ candidate }) => candidate),
});
