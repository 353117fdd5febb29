import type { Config } from './config/config.ts';
import type { Strategy } from './contracts/config.ts';
import type { EventBus } from './event-bus.ts';
import { Admission } from './keys/admission.ts';
import { CredentialCooldowns } from './keys/credential-cooldowns.ts';
import type { PooledKey } from './keys/pooled-key.ts';
import type { ExchangeParts } from './pipeline/exchange.ts';
import type { RoutePlan } from './pipeline/select-route.ts';
import type { Clock, Environment, Logger, Random } from './ports.ts';
import type { Deadlines } from './resilience/deadlines.ts';
import { NetworkWatch } from './resilience/network-watch.ts';
import { SessionAffinity } from './routing/session-affinity.ts';
import { createStrategy } from './routing/strategies/create-strategy.ts';
import type { RoutingStrategy } from './routing/strategies/strategy.ts';
import { askJson } from './upstreams/ask-json.ts';
import { HealthProbes } from './upstreams/health-probes.ts';
import { checkKey } from './upstreams/key-checks.ts';
import type { Upstream } from './upstreams/upstream.ts';
import { UpstreamRegistry } from './upstreams/upstream-registry.ts';

/** What a relay has for its whole life, whatever configuration it runs under. */
export type RelayPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly env: Environment;
  readonly bus: EventBus;
  readonly deadlines: Deadlines;
};

/** Everything that one configuration decides; what is learned while it runs is shared with the next one. */
export type RunningConfig = {
  readonly config: Config;
  readonly registry: UpstreamRegistry;
  readonly routePlan: RoutePlan;
  readonly parts: ExchangeParts;
};

/** The parts that outlive a configuration: what is known of upstreams, keys, sessions and clients' credentials. */
export type LastingParts = {
  readonly ports: RelayPorts;
  readonly network: NetworkWatch;
  readonly probes: HealthProbes;
  readonly admission: Admission;
  readonly cooldowns: CredentialCooldowns;
  readonly affinity: SessionAffinity;
  /** Provider and model pairs whose room was asked for. */
  readonly checkedContexts: Set<string>;
};

/** Creates what lasts; `current` is asked for the configuration that runs at that moment. */
export const createLastingParts = (
  ports: RelayPorts,
  config: Config,
  current: () => RunningConfig,
): LastingParts => {
  const { clock, bus, log } = ports;
  const probes = new HealthProbes({
    clock,
    find: (name) => current().registry.find(name),
    settings: () => current().config.health.probes,
    onProbed: (upstream, isReachable) =>
      bus.emit({ kind: 'upstream-probed', at: clock.now(), upstream, isReachable }),
  });
  const network = new NetworkWatch({
    clock,
    upstreamCount: () => current().registry.inService.length,
    onLoss: () => {
      bus.emit({ kind: 'network-lost', at: clock.now() });
      log.warn('every provider became unreachable at once: the network is lost, no circuit breaker opens');
    },
  });
  return {
    ...{ ports, network, probes },
    admission: new Admission(admissionSettings(config), clock),
    cooldowns: new CredentialCooldowns(clock),
    affinity: new SessionAffinity(clock),
    checkedContexts: new Set(),
  };
};

const admissionSettings = ({ server, routing }: Config) => ({
  maxConcurrent: server.maxConcurrent,
  queueTimeoutMs: routing.queueTimeoutMs,
});

/** Puts a configuration to work on top of what lasts and of what the one before knows. */
export const runConfig = (lasting: LastingParts, config: Config, before?: RunningConfig): RunningConfig => {
  const { clock, random, log, env, bus, deadlines } = lasting.ports;
  const registry = new UpstreamRegistry(
    config.upstreams,
    { env, clock, random, breaker: config.breaker, onBreakerChange: (name) => tellBreaker(lasting, name) },
    before?.registry,
  );
  lasting.admission.reconfigure(admissionSettings(config));
  const affinity = config.routing.affinity === 'none' ? undefined : lasting.affinity;
  const { admission, cooldowns, network } = lasting;
  const parts: ExchangeParts = {
    ...{ clock, random, log, bus, deadlines, admission, cooldowns, network, affinity },
    hasDebugHeaders: config.routing.debug,
    strategyName: config.routing.strategy,
    checkContext: (upstream, model) => void checkContext(lasting, upstream, model),
    checkKey: (upstream, key) => void confirmKey(lasting, upstream, key),
  };
  return { config, registry, parts, routePlan: createRoutePlan(config, { clock, random, affinity, before }) };
};

const tellBreaker = ({ ports, probes }: LastingParts, upstream: string): void => {
  const { bus, clock, log } = ports;
  // The probes know the upstream of this name as it is configured now.
  const state = probes.follow(upstream);
  if (state === undefined) return;
  bus.emit({ kind: 'breaker-changed', at: clock.now(), upstream, state });
  log.warn('circuit breaker changed', { upstream, state });
};

/** Runs beside the exchange that met the 401; who waits for the key meanwhile is told at its end. */
const confirmKey = async (
  { ports, admission }: LastingParts,
  upstream: Upstream,
  key: PooledKey,
): Promise<void> => {
  const { clock, bus, log } = ports;
  const verdict = await checkKey(upstream, key, clock);
  const at = clock.now();
  const name = { upstream: upstream.config.name, keyId: key.config.keyId };
  if (verdict === 'retired') {
    bus.emit({ kind: 'key-retired', at, ...name });
    log.warn('a key was refused twice (401): it is out until you replace or restore it', name);
  } else if (verdict === 'cooling') {
    const untilAt = at + key.cooldownMs(clock.monotonic());
    bus.emit({ kind: 'key-cooled-down', at, ...name, reason: 'unauthorized', untilAt });
  }
  admission.queue.wake();
};

const contextWaitMs = 3_000;

const checkContext = async (
  { ports, checkedContexts }: LastingParts,
  upstream: Upstream,
  model: string,
): Promise<void> => {
  const { contextCheck } = upstream.adapter;
  const { name } = upstream.config;
  const pair = `${name} ${model}`;
  if (contextCheck === undefined || checkedContexts.has(pair)) return;
  checkedContexts.add(pair);
  const { clock, bus, log } = ports;
  const answer = await askJson(upstream, { ...contextCheck, waitMs: contextWaitMs, clock });
  const message = answer.ok ? contextCheck.read(answer.value, model) : undefined;
  if (message === undefined) return;
  bus.emit({ kind: 'upstream-warned', at: clock.now(), upstream: name, message });
  log.warn(message, { upstream: name });
};

type RouteParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly affinity: SessionAffinity | undefined;
  readonly before: RunningConfig | undefined;
};

const createRoutePlan = ({ routing }: Config, { clock, random, affinity, before }: RouteParts): RoutePlan => {
  const { strategy, modelMapping, defaultProvider } = routing;
  const kept = before && isSameStrategy(before.config, routing) ? before.routePlan.strategy : undefined;
  const created = (): RoutingStrategy => createStrategy(strategy, { random, modelMapping, defaultProvider });
  return { clock, affinity, strategy: kept ?? created(), home: homeUnder(strategy) };
};

/** Whose turn it is survives, as long as the strategy is the same. */
const isSameStrategy = ({ routing: before }: Config, routing: Config['routing']): boolean =>
  before.strategy === routing.strategy &&
  before.defaultProvider === routing.defaultProvider &&
  JSON.stringify([...before.modelMapping]) === JSON.stringify([...routing.modelMapping]);

/** Where a session that was displaced returns to (behaviour.md 5). */
const homeUnder = (strategy: Strategy): RoutePlan['home'] => {
  switch (strategy) {
    case 'failover':
    case 'model_based':
      return 'best';
    case 'weighted_failover':
      return 'first-chosen';
    case 'round_robin':
    case 'weighted_round_robin':
    case 'shuffle':
    case 'least_loaded':
      return 'none';
  }
};
