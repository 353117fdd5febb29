import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts';
import { allModels } from './list-models.ts';

/** A provider as `GET /v1/providers` shows it (cc-relay-surface 2.1). */
export type ProviderListing = {
  readonly name: string;
  readonly type: string;
  readonly base_url: string;
  readonly models: readonly string[];
  /** False = out of service; `reason` says why. */
  readonly active: boolean;
  readonly reason?: string;
};

const reasonFor = ({ outOfService }: UpstreamRegistry, name: string): { readonly reason?: string } => {
  const idle = outOfService.find(({ upstream }) => upstream === name);
  return idle === undefined ? {} : { reason: idle.reason };
};

/** `GET /v1/providers`: every enabled provider, those out of service included. */
export const listProviders = (registry: UpstreamRegistry) => ({
  object: 'list',
  data: registry.configured.map((config): ProviderListing => {
    const upstream = registry.inService.find((candidate) => candidate.config === config);
    return {
      name: config.name,
      type: config.type,
      base_url: config.baseUrl,
      models: upstream ? allModels([upstream]).map(({ id }) => id) : (config.models ?? []),
      active: upstream !== undefined,
      ...reasonFor(registry, config.name),
    };
  }),
});
