import type { Random } from '../../ports.ts';
import { inRandomOrder } from './in-random-order.ts';
import type { Ranked, RoutingStrategy } from './strategy.ts';

const byLoad = ({ upstream: left }: Ranked, { upstream: right }: Ranked): number =>
  left.inFlight - right.inFlight || right.config.priority - left.config.priority;

/** Fewest requests in flight first, then higher priority, then at random. */
export const createLeastLoaded = (random: Random): RoutingStrategy => ({
  order: (candidates) =>
    // Sorting is stable: what is equal stays in random order.
    candidates.length < 2 ? candidates : inRandomOrder(candidates, random).sort(byLoad),
});
