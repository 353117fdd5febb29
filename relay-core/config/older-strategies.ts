import type { OlderStrategy, Strategy } from '../contracts/config.ts';

/** What a spelling of `routing.strategy` stands for; `notice` is for the author of an older one. */
type StrategyMeaning = { readonly strategy: Strategy; readonly notice: string | undefined };

const olderStrategies: Readonly<Record<OlderStrategy, StrategyMeaning>> = {
  'round-robin': olderSpelling('round_robin'),
  'weighted-round-robin': olderSpelling('weighted_round_robin'),
  'least-loaded': olderSpelling('least_loaded'),
  'least-busy': olderSpelling('least_loaded'),
  'model-based': olderSpelling('model_based'),
  'simple-shuffle': olderSpelling('shuffle'),
  'weighted-failover': olderSpelling('weighted_failover'),
  // Planned once, never built: the default is the nearest thing to no strategy at all.
  'cost-based': replacedByFailover(),
  'latency-based': replacedByFailover(),
};

/** Whether a text is a strategy's spelling of older versions, exactly. */
export function isOlderStrategy(written: string): written is OlderStrategy {
  return Object.hasOwn(olderStrategies, written);
}

/** The strategy that an accepted spelling stands for. */
export function readStrategy(written: Strategy | OlderStrategy): StrategyMeaning {
  return isOlderStrategy(written) ? olderStrategies[written] : { strategy: written, notice: undefined };
}

function olderSpelling(strategy: Strategy): StrategyMeaning {
  return { strategy, notice: `is an older spelling: it counts as ${strategy}` };
}

function replacedByFailover(): StrategyMeaning {
  const notice = 'is not a strategy of this relay: failover is used, highest priority first';
  return { strategy: 'failover', notice };
}
