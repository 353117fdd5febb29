import type { Ranked, RoutingStrategy } from './strategy.ts';
import { weightOf } from './weight-of.ts';

/**
 * Smooth weighted round robin: each candidate earns its weight per request, the richest comes first and pays
 * what all have earned. In every cycle of requests each comes first exactly as often as its weight says.
 */
export const createWeightedRoundRobin = (): RoutingStrategy => {
  const balances = new Map<string, number>();
  const balanceOf = ({ upstream }: Ranked): number => balances.get(upstream.config.name) ?? 0;
  return {
    order: (candidates) => {
      if (candidates.length < 2) return candidates;
      let earned = 0;
      for (const candidate of candidates) {
        const weight = weightOf(candidate);
        earned += weight;
        balances.set(candidate.upstream.config.name, balanceOf(candidate) + weight);
      }
      const order = candidates.toSorted((left, right) => balanceOf(right) - balanceOf(left));
      const [first] = order;
      if (first !== undefined) balances.set(first.upstream.config.name, balanceOf(first) - earned);
      return order;
    },
  };
};
