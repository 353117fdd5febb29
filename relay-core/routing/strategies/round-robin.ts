import type { RoutingStrategy } from './strategy.ts';

/** The first place goes round over the candidates; the others follow in the order given, cyclically. */
export const createRoundRobin = (): RoutingStrategy => {
  let lastFirst: string | undefined;
  let lastStart = 0;
  return {
    order: (candidates) => {
      if (candidates.length < 2) return candidates;
      const found = candidates.findIndex(({ upstream }) => upstream.config.name === lastFirst);
      // Where the last first one has left, its follower has moved up to its place.
      const start = (found === -1 ? lastStart : found + 1) % candidates.length;
      lastFirst = candidates[start]?.upstream.config.name;
      lastStart = start;
      return start === 0 ? candidates : [...candidates.slice(start), ...candidates.slice(0, start)];
    },
  };
};
