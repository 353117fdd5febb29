import type { RoutingStrategy } from './strategy.ts';

/** Which provider serves which models. `modelMapping`: a model's beginning → provider name. */
export type ModelRouting = {
  readonly modelMapping: ReadonlyMap<string, string>;
  readonly defaultProvider: string | undefined;
};

/** The provider mapped to the model (longest beginning wins, case matters), then the default one; nobody else. */
export const createModelBased = ({ modelMapping, defaultProvider }: ModelRouting): RoutingStrategy => {
  const longestFirst = [...modelMapping].sort(([left], [right]) => right.length - left.length);
  return {
    order: (candidates, model) => {
      const mapped = longestFirst.find(([beginning]) => model.startsWith(beginning))?.[1];
      const byName = (name: string | undefined) =>
        candidates.filter(({ upstream }) => upstream.config.name === name);
      return mapped === defaultProvider ? byName(mapped) : [...byName(mapped), ...byName(defaultProvider)];
    },
  };
};
