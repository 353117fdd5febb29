import type { Random } from '../../ports.ts';
import { inRandomOrder } from './in-random-order.ts';
import { randomFraction } from './random-fraction.ts';
import type { RoutingStrategy } from './strategy.ts';

/** Dealt like cards: every candidate comes first once before any comes first twice; the rest in random order. */
export const createShuffle = (random: Random): RoutingStrategy => {
  const dealt = new Set<string>();
  return {
    order: (candidates) => {
      if (candidates.length < 2) return candidates;
      const undealt = candidates.filter(({ upstream }) => !dealt.has(upstream.config.name));
      if (undealt.length === 0) dealt.clear();
      const deck = undealt.length === 0 ? candidates : undealt;
      const first = deck[Math.floor(randomFraction(random) * deck.length)];
      if (first === undefined) return candidates;
      dealt.add(first.upstream.config.name);
      const others = candidates.filter((candidate) => candidate !== first);
      return [first, ...inRandomOrder(others, random)];
    },
  };
};
