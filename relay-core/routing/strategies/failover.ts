import type { Ranked, RoutingStrategy } from './strategy.ts';

const byPriority = (left: Ranked, right: Ranked): number =>
  right.upstream.config.priority - left.upstream.config.priority;

const isInOrder = (candidates: readonly Ranked[]): boolean =>
  candidates.every((candidate, index) => {
    const before = candidates[index - 1];
    return before === undefined || byPriority(before, candidate) <= 0;
  });

/** Higher priority first; among equals the order of the configuration. */
export const createFailover = (): RoutingStrategy => ({
  order: (candidates) => (isInOrder(candidates) ? candidates : candidates.toSorted(byPriority)),
});
