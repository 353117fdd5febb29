import type { Server } from 'node:http';
import type { Config } from './config/config.ts';
import { isLoopbackHost } from './config/listen-address.ts';
import { EventBus, type EventListener } from './event-bus.ts';
import { createAuthenticate } from './pipeline/authenticate.ts';
import type { Exchange } from './pipeline/exchange.ts';
import { newRequestId } from './pipeline/exchange.ts';
import type { HandlerParts } from './pipeline/handle-exchange.ts';
import { createRoutes } from './pipeline/routes.ts';
import type { Clock, Environment, Logger, Random } from './ports.ts';
import { createControl, type RelayControl } from './relay-control.ts';
import { createLastingParts, type RunningConfig, runConfig } from './relay-parts.ts';
import { type Deadlines, defaultDeadlines } from './resilience/deadlines.ts';
import { createHttpServer } from './server/http-server.ts';
import { type ListenResult, listen } from './server/listen.ts';

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

/** Whether a new configuration runs now. `notes`: what of it takes effect at the next start only. */
export type Reconfigured =
  | { readonly ok: true; readonly notes: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** A relay: one port, one configuration at a time. */
export type Relay = {
  /** Opens the port. Call once. */
  start(): Promise<ListenResult>;
  /** Takes no new connections, lets running exchanges finish for `deadlines.drainMs`, then cuts them. */
  stop(): Promise<void>;
  /** Cuts what still runs, now. */
  cut(): void;
  /** Subscribes to events; the returned function unsubscribes. */
  on(listener: EventListener): () => void;
  /** Puts another configuration in place as one swap: running exchanges finish on the old one. */
  reconfigure(config: Config): Reconfigured;
  readonly control: RelayControl;
};

const sweepMs = 100;

/** Composes the engine. It reads no globals and starts nothing until `start`. */
export const createRelay = (options: RelayOptions): Relay => {
  const { clock, random, log, env } = options;
  const deadlines = { ...defaultDeadlines, ...options.deadlines };
  const bus = new EventBus((error) =>
    log.error('an event listener failed', { error: error instanceof Error ? error.message : 'unknown' }),
  );
  const running = new Set<Exchange>();
  const ports = { clock, random, log, env, bus, deadlines };
  const lasting = createLastingParts(ports, options.config, () => current);
  let current = runConfig(lasting, options.config);
  let handler = createHandler(current, running);
  const { host, port } = options.config.server;
  const server = createHttpServer({
    guard: () => {
      const { allowedHosts, tokens } = current.config.server;
      return { listenHost: host, allowedHosts, hasToken: tokens.length > 0 };
    },
    routes: createRoutes(() => handler, clock),
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
      lasting.probes.close();
      await current.registry.close();
    },
    cut,
    on: (listener) => bus.on(listener),
    reconfigure: (config) => {
      const reason = reasonAgainst(config, host);
      if (reason !== undefined) return { ok: false, reason };
      current = runConfig(lasting, config, current);
      handler = createHandler(current, running);
      bus.emit({ kind: 'config-changed', at: clock.now() });
      return { ok: true, notes: notesOn(config, options.config) };
    },
    control: createControl(() => current.registry, current.parts),
  };
};

const createHandler = (current: RunningConfig, running: Set<Exchange>): HandlerParts => ({
  ...current,
  authenticate: createAuthenticate(current.config.server),
  running,
});

/** A port that strangers can reach must not lose its token while it is open. */
const reasonAgainst = ({ server }: Config, host: string): string | undefined =>
  isLoopbackHost(host) || server.tokens.length > 0
    ? undefined
    : `${host} can be reached from other machines: server.auth.api_key must stay set`;

const notesOn = ({ server }: Config, started: Config): readonly string[] =>
  server.host === started.server.host && server.port === started.server.port
    ? []
    : ['server.listen: takes effect at the next start'];

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
    server.closeIdleConnections();
  });
