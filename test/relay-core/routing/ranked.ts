import type { Random } from '../../../relay-core/ports.ts';
import type { Ranked, RoutingStrategy } from '../../../relay-core/routing/strategies/strategy.ts';

/** A candidate with what strategies look at; priority and weight 1, nothing in flight unless told. */
export const ranked = (
  name: string,
  facts: { priority?: number; weight?: number; inFlight?: number } = {},
): Ranked => ({
  upstream: {
    config: { name, priority: facts.priority ?? 1, weight: facts.weight ?? 1 },
    inFlight: facts.inFlight ?? 0,
  },
});

export const namesOf = (candidates: readonly Ranked[]): string[] =>
  candidates.map(({ upstream }) => upstream.config.name);

/** The name that comes first in each of the next orders. */
export const nextFirsts = (
  strategy: RoutingStrategy,
  candidates: readonly Ranked[],
  count: number,
): string[] =>
  Array.from({ length: count }, () => namesOf(strategy.order(candidates, 'any-model'))[0] ?? 'nobody');

/** How often each name occurs. */
export const tally = (names: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

/** True when the count is what `trials` draws of this chance give, within three standard deviations. */
export const isWithinThreeSigma = (count: number, trials: number, chance: number): boolean =>
  Math.abs(count - trials * chance) <= 3 * Math.sqrt(trials * chance * (1 - chance));

/** Repeatable randomness: the mulberry32 generator, a byte at a time. */
export const seededRandom = (seed: number): Random => {
  let state = seed;
  const byte = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 24) & 0xff;
  };
  return { bytes: (length) => Uint8Array.from({ length }, byte) };
};
