import type { Server } from 'node:http';
import type { Config } from './config/config.ts';
import type { Strategy } from './contracts/config.ts';
import { EventBus, type EventListener } from './event-bus.ts';
import { Admission } from './keys/admission.ts';
import { CredentialCooldowns } from './keys/credential-cooldowns.ts';
import type { PooledKey } from './keys/pooled-key.ts';
import { createAuthenticate } from './pipeline/authenticate.ts';
import type { Exchange } from './pipeline/exchange.ts';
import { type ExchangeParts, newRequestId } from './pipeline/exchange.ts';
import type { HandlerParts } from './pipeline/handle-exchange.ts';
import { createRoutes } from './pipeline/routes.ts';
import type { RoutePlan } from './pipeline/select-route.ts';
import type { Clock, Environment, Logger, Random } from './ports.ts';
import { type Deadlines, defaultDeadlines } from './resilience/deadlines.ts';
import { NetworkWatch } from './resilience/network-watch.ts';
import { SessionAffinity } from './routing/session-affinity.ts';
import { createStrategy } from './routing/strategies/create-strategy.ts';
import { createHttpServer } from './server/http-server.ts';
import { type ListenResult, listen } from './server/listen.ts';
import { HealthProbes } from './upstreams/health-probes.ts';
import { checkKey } from './upstreams/key-checks.ts';
import type { Upstream } from './upstreams/upstream.ts';
import { UpstreamRegistry } from './upstreams/upstream-registry.ts';

/** What a host hands in. */
export type RelayOptions = {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** For the proxy variables. */
  readonly env: Environment;
  /** Shorter waits, for tests. */
  readonly deadlines?: Partial<Deadlines>;
};

/** What a host may do to a running relay. Names that the configuration does not have are answered with false. */
export type RelayControl = {
  /** Closes a provider's circuit breaker and forgets its failures; ends `isolate`. */
  resetBreaker(upstream: string): boolean;
  /** Holds a provider's breaker open until `resetBreaker`. */
  isolate(upstream: string): boolean;
  /** Puts a retired or resting key back into service. */
  restoreKey(upstream: string, keyId: string): boolean;
  /** The machine woke up or changed its network: failures from before say nothing about the providers. */
  noteNetworkChange(): void;
};

/** A relay: one configuration, one port. */
export type Relay = {
  /** Opens the port. Call once. */
  start(): Promise<ListenResult>;
  /** Takes no new connections, lets running exchanges finish for `deadlines.drainMs`, then cuts them. */
  stop(): Promise<void>;
  /** Cuts what still runs, now. */
  cut(): void;
  /** Subscribes to events; the returned function unsubscribes. */
  on(listener: EventListener): () => void;
  readonly control: RelayControl;
};

const sweepMs = 100;

/** Composes the engine. It reads no globals and starts nothing until `start`. */
export const createRelay = (options: RelayOptions): Relay => {
  const { config, clock, random, log } = options;
  const deadlines = { ...defaultDeadlines, ...options.deadlines };
  const bus = new EventBus((error) =>
    log.error('an event listener failed', { error: error instanceof Error ? error.message : 'unknown' }),
  );
  const { registry, network, probes } = openUpstreams(options, bus);
  const running = new Set<Exchange>();
  const parts = createParts({ ...options, deadlines, bus, network });
  const { affinity } = parts;
  const handler: HandlerParts = {
    config,
    authenticate: createAuthenticate(config.server),
    registry,
    routePlan: createRoutePlan(options, affinity),
    parts,
    running,
  };
  const { host, port, allowedHosts, tokens } = config.server;
  const server = createHttpServer({
    guard: { listenHost: host, allowedHosts, hasToken: tokens.length > 0 },
    routes: createRoutes(handler),
    newRequestId: () => newRequestId(random),
    onFault: (error) =>
      log.error('a request failed inside the relay', {
        error: error instanceof Error ? (error.stack ?? error.message) : 'unknown',
      }),
  });
  const cut = () => {
    for (const exchange of running) exchange.callOff('shutdown');
    server.closeAllConnections();
  };
  return {
    start: () => listen(server, host, port),
    stop: async () => {
      const timer = clock.startTimer(deadlines.drainMs, cut);
      // A client's kept-alive socket becomes idle when its answer is done: nothing else would close it.
      const sweep = clock.startTimer(sweepMs, () => {
        server.closeIdleConnections();
        sweep.refresh();
      });
      await closeServer(server);
      timer.cancel();
      sweep.cancel();
      probes.close();
      await registry.close();
    },
    cut,
    on: (listener) => bus.on(listener),
    control: createControl({ registry, network, parts }),
  };
};

const openUpstreams = ({ config, clock, random, log, env }: RelayOptions, bus: EventBus) => {
  const { isEnabled, intervalMs } = config.health.probes;
  const probes = new HealthProbes({
    clock,
    isEnabled,
    intervalMs,
    onProbed: (upstream, isReachable) =>
      bus.emit({ kind: 'upstream-probed', at: clock.now(), upstream, isReachable }),
  });
  const registry = new UpstreamRegistry(config.upstreams, {
    env,
    clock,
    random,
    breaker: config.breaker,
    onBreakerChange: (upstream) => {
      const { kind: state } = upstream.breaker.state;
      const { name } = upstream.config;
      bus.emit({ kind: 'breaker-changed', at: clock.now(), upstream: name, state });
      log.warn('circuit breaker changed', { upstream: name, state });
      probes.follow(upstream);
    },
  });
  const network = new NetworkWatch({
    clock,
    upstreamCount: () => registry.inService.length,
    onLoss: () => {
      bus.emit({ kind: 'network-lost', at: clock.now() });
      log.warn('every provider became unreachable at once: the network is lost, no circuit breaker opens');
    },
  });
  return { registry, network, probes };
};

type PartsSource = RelayOptions & {
  readonly deadlines: Deadlines;
  readonly bus: EventBus;
  readonly network: NetworkWatch;
};

const createParts = ({ config, clock, random, log, deadlines, bus, network }: PartsSource): ExchangeParts => {
  const { maxConcurrent } = config.server;
  const { queueTimeoutMs, debug, strategy, affinity } = config.routing;
  const admission = new Admission({ maxConcurrent, queueTimeoutMs }, clock);
  return {
    ...{ clock, random, log, bus, deadlines, admission, network },
    cooldowns: new CredentialCooldowns(clock),
    affinity: affinity === 'none' ? undefined : new SessionAffinity(clock),
    hasDebugHeaders: debug,
    strategyName: strategy,
    checkKey: (upstream, key) => void confirmKey({ clock, log, bus, admission }, upstream, key),
  };
};

/** Runs beside the exchange that met the 401; who waits for the key meanwhile is told at its end. */
const confirmKey = async (
  { clock, log, bus, admission }: Pick<ExchangeParts, 'clock' | 'log' | 'bus' | 'admission'>,
  upstream: Upstream,
  key: PooledKey,
): Promise<void> => {
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

const createRoutePlan = (
  { config, clock, random }: RelayOptions,
  affinity: SessionAffinity | undefined,
): RoutePlan => {
  const { strategy, modelMapping, defaultProvider } = config.routing;
  return {
    clock,
    affinity,
    strategy: createStrategy(strategy, { random, modelMapping, defaultProvider }),
    home: homeUnder(strategy),
  };
};

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

type ControlParts = {
  readonly registry: UpstreamRegistry;
  readonly network: NetworkWatch;
  readonly parts: ExchangeParts;
};

const createControl = ({ registry, network, parts }: ControlParts): RelayControl => {
  const find = (name: string) => registry.inService.find(({ config }) => config.name === name);
  return {
    resetBreaker: (name) => {
      const upstream = find(name);
      upstream?.breaker.reset();
      parts.admission.queue.wake();
      return upstream !== undefined;
    },
    isolate: (name) => {
      const upstream = find(name);
      upstream?.breaker.isolate();
      return upstream !== undefined;
    },
    restoreKey: (name, keyId) => {
      const key = find(name)?.keys.find(keyId);
      if (key === undefined) return false;
      key.restore();
      parts.bus.emit({ kind: 'key-restored', at: parts.clock.now(), upstream: name, keyId });
      parts.admission.queue.wake();
      return true;
    },
    noteNetworkChange: () => network.noteDisturbance(),
  };
};

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
    server.closeIdleConnections();
  });
