import type { Dispatcher } from 'undici';
import type { UpstreamConfig } from '../config/config.ts';
import type { ProviderType } from '../contracts/config.ts';
import { KeyPool } from '../keys/key-pool.ts';
import { Slots } from '../keys/slots.ts';
import type { Clock, Environment, Random } from '../ports.ts';
import { anthropicAdapter } from '../providers/anthropic/anthropic.ts';
import { minimaxAdapter } from '../providers/minimax/minimax.ts';
import { ollamaAdapter } from '../providers/ollama/ollama.ts';
import type { AdapterFactory } from '../providers/provider.ts';
import { zaiAdapter } from '../providers/zai/zai.ts';
import { type BreakerSettings, CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { createDispatcher } from './dispatcher.ts';
import { ModelList } from './model-list.ts';
import type { Upstream } from './upstream.ts';

/** The dialects this version speaks. */
const adapters: Readonly<Partial<Record<ProviderType, AdapterFactory>>> = {
  anthropic: () => anthropicAdapter,
  zai: () => zaiAdapter,
  minimax: () => minimaxAdapter,
  ollama: () => ollamaAdapter,
};

/** What opening the upstreams takes beyond their entries. */
export type RegistryParts = {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly breaker: BreakerSettings;
  /** Called when the breaker of the upstream of this name changed its kind of state. */
  readonly onBreakerChange: (upstream: string) => void;
};

/** Sockets and health belong to an address: the same one keeps both. */
const isSamePlace = (left: UpstreamConfig, right: UpstreamConfig): boolean =>
  left.type === right.type &&
  left.baseUrl === right.baseUrl &&
  left.proxyUrl === right.proxyUrl &&
  left.timeouts.connectMs === right.timeouts.connectMs;

const openUpstream = (
  config: UpstreamConfig,
  parts: RegistryParts,
  before: Upstream | undefined,
): readonly Upstream[] => {
  const createAdapter = adapters[config.type];
  if (config.outOfService !== undefined || createAdapter === undefined) return [];
  const { origin, pathname } = new URL(config.baseUrl);
  const { connectMs } = config.timeouts;
  const { random, clock, env } = parts;
  const same = before !== undefined && isSamePlace(before.config, config) ? before : undefined;
  const slots = same?.slots ?? new Slots(config.maxConcurrent);
  slots.limit = config.maxConcurrent;
  same?.breaker.reconfigure(parts.breaker);
  const dispatcher =
    same?.dispatcher ?? createDispatcher({ origin, proxyUrl: config.proxyUrl, connectMs, env });
  const upstream: Upstream = {
    config,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    adapter: createAdapter({ config, env, clock }),
    dispatcher,
    breaker:
      same?.breaker ?? new CircuitBreaker(parts.breaker, clock, () => parts.onBreakerChange(config.name)),
    keys: new KeyPool(config.keys, { strategy: config.keyStrategy, random }, same?.keys),
    modelList: same?.modelList ?? new ModelList(),
    slots,
    get inFlight() {
      return slots.inFlight;
    },
  };
  return [upstream];
};

/** An entry that cannot serve as it is configured; no request is to blame for it. */
export type OutOfService = {
  readonly upstream: string;
  readonly reason: string;
  readonly isOfRequest: false;
};

/** All configured upstreams: those that can serve, with their sockets, and the entries as configured. */
export class UpstreamRegistry {
  /** Every enabled entry, those out of service included. */
  readonly configured: readonly UpstreamConfig[];
  /** Those that can serve, in the order of the configuration. */
  readonly inService: readonly Upstream[];
  /** Those that cannot, and why, in words for the user. */
  readonly outOfService: readonly OutOfService[];
  /** Sockets of earlier configurations on which exchanges may still run. */
  readonly #leaving: Set<Dispatcher>;
  readonly #asksForModels: boolean;

  /** `before`: the registry of an earlier configuration; what is known of unchanged upstreams and keys stays. */
  constructor(configured: readonly UpstreamConfig[], parts: RegistryParts, before?: UpstreamRegistry) {
    this.configured = configured;
    this.inService = configured.flatMap((config) => openUpstream(config, parts, before?.find(config.name)));
    this.outOfService = configured.flatMap(({ name, outOfService }) =>
      outOfService === undefined ? [] : [{ upstream: name, reason: outOfService, isOfRequest: false }],
    );
    this.#asksForModels = this.inService.some(
      ({ adapter, config }) => adapter.modelDiscovery !== undefined && config.models === undefined,
    );
    this.#leaving = before ? before.#leaving : new Set();
    for (const { dispatcher } of before?.inService ?? []) this.#letGo(dispatcher);
  }

  /** The upstream of this name, if it can serve. */
  find(name: string): Upstream | undefined {
    return this.inService.find(({ config }) => config.name === name);
  }

  /** What to wait for before models can be chosen: upstreams that must first say which they have. */
  learnModels(clock: Clock): Promise<unknown> | undefined {
    if (!this.#asksForModels) return undefined;
    const asked = this.inService.flatMap((upstream) => upstream.modelList.refresh(upstream, clock) ?? []);
    return asked.length === 0 ? undefined : Promise.all(asked);
  }

  /** Closes every socket, running requests included. */
  async close(): Promise<void> {
    const current = this.inService.map(({ dispatcher }) => dispatcher);
    await Promise.all([...current, ...this.#leaving].map((dispatcher) => dispatcher.destroy()));
  }

  /** Exchanges of the old configuration finish on their sockets; then these close. */
  #letGo(dispatcher: Dispatcher): void {
    if (this.inService.some((upstream) => upstream.dispatcher === dispatcher)) return;
    this.#leaving.add(dispatcher);
    const forget = () => this.#leaving.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }
}
