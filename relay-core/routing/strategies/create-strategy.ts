import type { Strategy } from '../../contracts/config.ts';
import type { Random } from '../../ports.ts';
import { createFailover } from './failover.ts';
import { createLeastLoaded } from './least-loaded.ts';
import { createModelBased, type ModelRouting } from './model-based.ts';
import { createRoundRobin } from './round-robin.ts';
import { createShuffle } from './shuffle.ts';
import type { RoutingStrategy } from './strategy.ts';
import { createWeightedFailover } from './weighted-failover.ts';
import { createWeightedRoundRobin } from './weighted-round-robin.ts';

/** What strategies are made from. */
type StrategyParts = ModelRouting & { readonly random: Random };

/** The strategy of that name in the configuration, with its own fresh state. */
export const createStrategy = (kind: Strategy, parts: StrategyParts): RoutingStrategy => {
  switch (kind) {
    case 'failover':
      return createFailover();
    case 'round_robin':
      return createRoundRobin();
    case 'weighted_round_robin':
      return createWeightedRoundRobin();
    case 'shuffle':
      return createShuffle(parts.random);
    case 'weighted_failover':
      return createWeightedFailover(parts.random);
    case 'least_loaded':
      return createLeastLoaded(parts.random);
    case 'model_based':
      return createModelBased(parts);
  }
};
