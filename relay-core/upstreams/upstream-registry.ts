import type { Dispatcher } from 'undici';
import type { UpstreamConfig } from '../config/config.ts';
import type { ProviderType } from '../contracts/config.ts';
import { KeyPool } from '../keys/key-pool.ts';
import { Slots } from '../keys/slots.ts';
import type { Clock, Environment, Random } from '../ports.ts';
import { anthropicAdapter } from '../providers/anthropic/anthropic.ts';
import { createAzureAdapter } from '../providers/azure/azure.ts';
import { createBedrockAdapter } from '../providers/bedrock/bedrock.ts';
import type { CloudParts } from '../providers/cloud/cloud-parts.ts';
import { minimaxAdapter } from '../providers/minimax/minimax.ts';
import { ollamaAdapter } from '../providers/ollama/ollama.ts';
import type { ProviderAdapter } from '../providers/provider.ts';
import { createVertexAdapter } from '../providers/vertex/vertex.ts';
import { zaiAdapter } from '../providers/zai/zai.ts';
import { type BreakerSettings, CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { createDispatcher } from './dispatcher.ts';
import { ModelList } from './model-list.ts';
import { createPostForm } from './post-form.ts';
import type { Upstream } from './upstream.ts';

/** The dialects this version speaks. */
const adapters: Readonly<Record<ProviderType, AdapterFactory>> = {
  anthropic: () => anthropicAdapter,
  zai: () => zaiAdapter,
  minimax: () => minimaxAdapter,
  ollama: () => ollamaAdapter,
  bedrock: (parts) => createBedrockAdapter(parts),
  azure: createAzureAdapter,
  vertex: createVertexAdapter,
};

/** Dialects whose tokens are fetched over HTTP go through the proxy of their upstream there too. */
type AdapterFactory = (parts: CloudParts) => ProviderAdapter;

/** What opening the upstreams takes beyond their entries. */
export type RegistryParts = {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly breaker: BreakerSettings;
  /** Called when the breaker of the upstream of this name changed its kind of state. */
  readonly onBreakerChange: (upstream: string) => void;
};

/** An entry that cannot serve as it is configured; no request is to blame for it. */
export type OutOfService = {
  readonly upstream: string;
  readonly reason: string;
  readonly isOfRequest: false;
};

const outOfService = ({ name }: UpstreamConfig, reason: string): OutOfService => ({
  upstream: name,
  reason,
  isOfRequest: false,
});

/** Sockets and health belong to an address: the same one keeps both. */
const isSamePlace = (left: UpstreamConfig, right: UpstreamConfig): boolean =>
  left.type === right.type &&
  JSON.stringify(left.cloud) === JSON.stringify(right.cloud) &&
  left.baseUrl === right.baseUrl &&
  left.proxyUrl === right.proxyUrl &&
  left.timeouts.connectMs === right.timeouts.connectMs;

const openUpstream = (
  config: UpstreamConfig,
  parts: RegistryParts,
  before: Upstream | undefined,
): Upstream | OutOfService => {
  if (config.outOfService !== undefined) return outOfService(config, config.outOfService);
  const { connectMs } = config.timeouts;
  const { random, clock, env } = parts;
  const { proxyUrl } = config;
  const postForm = createPostForm({ proxyUrl, connectMs, env, clock });
  const adapter = adapters[config.type]({ config, env, clock, postForm });
  if (adapter.address?.kind === 'incomplete') return outOfService(config, adapter.address.reason);
  const url = URL.parse(config.baseUrl);
  const origin = adapter.address?.origin ?? url?.origin ?? '';
  const same = before !== undefined && isSamePlace(before.config, config) ? before : undefined;
  const slots = same?.slots ?? new Slots(config.maxConcurrent);
  slots.limit = config.maxConcurrent;
  same?.breaker.reconfigure(parts.breaker);
  const dispatcher = same?.dispatcher ?? createDispatcher({ origin, proxyUrl, connectMs, env });
  const upstream: Upstream = {
    config,
    origin,
    basePath: (url?.pathname ?? '').replace(/\/+$/, ''),
    adapter,
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
  return upstream;
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
    const opened = configured.map((config) => openUpstream(config, parts, before?.find(config.name)));
    this.inService = opened.filter((each): each is Upstream => 'config' in each);
    this.outOfService = opened.filter((each): each is OutOfService => 'reason' in each);
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
