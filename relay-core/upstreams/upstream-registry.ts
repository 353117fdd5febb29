import type { UpstreamConfig } from '../config/config.ts';
import type { ProviderType } from '../contracts/config.ts';
import { KeyPool } from '../keys/key-pool.ts';
import { Slots } from '../keys/slots.ts';
import type { Clock, Environment, Random } from '../ports.ts';
import { anthropicAdapter } from '../providers/anthropic/anthropic.ts';
import type { ProviderAdapter } from '../providers/provider.ts';
import { type BreakerSettings, CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { createDispatcher } from './dispatcher.ts';
import type { Upstream } from './upstream.ts';

/** The dialects this version speaks. */
const adapters: Readonly<Partial<Record<ProviderType, ProviderAdapter>>> = {
  anthropic: anthropicAdapter,
};

/** What opening the upstreams takes beyond their entries. */
export type RegistryParts = {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly breaker: BreakerSettings;
  /** Called when an upstream's breaker changed its kind of state. */
  readonly onBreakerChange: (upstream: Upstream) => void;
};

const openUpstream = (config: UpstreamConfig, parts: RegistryParts): readonly Upstream[] => {
  const adapter = adapters[config.type];
  if (config.outOfService !== undefined || adapter === undefined) return [];
  const { origin, pathname } = new URL(config.baseUrl);
  const { connectMs } = config.timeouts;
  const slots = new Slots(config.maxConcurrent);
  const upstream: Upstream = {
    config,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    adapter,
    dispatcher: createDispatcher({ origin, proxyUrl: config.proxyUrl, connectMs, env: parts.env }),
    breaker: new CircuitBreaker(parts.breaker, parts.clock, () => parts.onBreakerChange(upstream)),
    keys: new KeyPool(config.keys, config.keyStrategy, parts.random),
    slots,
    get inFlight() {
      return slots.inFlight;
    },
  };
  return [upstream];
};

/** All configured upstreams: those that can serve, with their sockets, and the entries as configured. */
export class UpstreamRegistry {
  /** Every enabled entry, those out of service included. */
  readonly configured: readonly UpstreamConfig[];
  /** Those that can serve, in the order of the configuration. */
  readonly inService: readonly Upstream[];

  constructor(configured: readonly UpstreamConfig[], parts: RegistryParts) {
    this.configured = configured;
    this.inService = configured.flatMap((config) => openUpstream(config, parts));
  }

  /** Closes every socket, running requests included. */
  async close(): Promise<void> {
    await Promise.all(this.inService.map((upstream) => upstream.dispatcher.destroy()));
  }
}
