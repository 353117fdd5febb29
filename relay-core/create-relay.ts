import type { Server } from 'node:http';
import type { Config } from './config/config.ts';
import { EventBus, type EventListener } from './event-bus.ts';
import { createAuthenticate } from './pipeline/authenticate.ts';
import type { Exchange } from './pipeline/exchange.ts';
import { newRequestId } from './pipeline/exchange.ts';
import type { HandlerParts } from './pipeline/handle-exchange.ts';
import { createRoutes } from './pipeline/routes.ts';
import type { Clock, Environment, Logger, Random } from './ports.ts';
import { type Deadlines, defaultDeadlines } from './resilience/deadlines.ts';
import { createHttpServer } from './server/http-server.ts';
import { type ListenResult, listen } from './server/listen.ts';
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
};

const sweepMs = 100;

/** Composes the engine. It reads no globals and starts nothing until `start`. */
export const createRelay = (options: RelayOptions): Relay => {
  const { config, clock, random, log, env } = options;
  const deadlines = { ...defaultDeadlines, ...options.deadlines };
  const bus = new EventBus((error) =>
    log.error('an event listener failed', { error: error instanceof Error ? error.message : 'unknown' }),
  );
  const registry = new UpstreamRegistry(config.upstreams, {
    env,
    clock,
    breaker: config.breaker,
    onBreakerChange: (upstream, { kind: state }) => {
      bus.emit({ kind: 'breaker-changed', at: clock.now(), upstream, state });
      log.warn('circuit breaker changed', { upstream, state });
    },
  });
  const running = new Set<Exchange>();
  const hasDebugHeaders = config.routing.debug;
  const handler: HandlerParts = {
    config,
    authenticate: createAuthenticate(config.server),
    registry,
    parts: { clock, random, log, bus, deadlines, hasDebugHeaders },
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
      await registry.close();
    },
    cut,
    on: (listener) => bus.on(listener),
  };
};

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
    server.closeIdleConnections();
  });
