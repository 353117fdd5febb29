import { stringify } from 'yaml';
import { readConfig } from '../../relay-core/config/load-config.ts';
import type { RelayEvent } from '../../relay-core/contracts/events.ts';
import { createRelay, type Relay } from '../../relay-core/create-relay.ts';
import type { LogFacts } from '../../relay-core/ports.ts';
import type { Deadlines } from '../../relay-core/resilience/deadlines.ts';
import { systemClock, systemRandom } from '../../relay-core/system-ports.ts';
import { scaledClock } from './scaled-clock.ts';

/** A relay in this process on a free port, with what it said. */
export type StartedRelay = {
  readonly relay: Relay;
  readonly port: number;
  readonly url: string;
  readonly events: readonly RelayEvent[];
  readonly logLines: readonly string[];
  /** Resolves with the first event of this kind, past or future. */
  waitFor<K extends RelayEvent['kind']>(kind: K): Promise<Extract<RelayEvent, { kind: K }>>;
  stop(): Promise<void>;
};

export type RelaySetUp = {
  /** The configuration file as data; `listen` defaults to a free port. */
  readonly file: {
    readonly server?: Record<string, unknown>;
    readonly providers?: readonly Record<string, unknown>[];
    readonly routing?: Record<string, unknown>;
    readonly health?: Record<string, unknown>;
  };
  /** Seconds that pass for the relay in each real one; 1 by default. */
  readonly timeScale?: number;
  readonly deadlines?: Partial<Deadlines>;
  readonly env?: Record<string, string>;
};

/** Starts the whole engine from a configuration text, over real sockets. */
export const startRelay = async (setUp: RelaySetUp): Promise<StartedRelay> => {
  const { file, deadlines = {}, env = {}, timeScale = 1 } = setUp;
  const text = stringify({ ...file, server: { listen: '127.0.0.1:0', ...file.server } });
  const result = readConfig(text, { env });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const events: RelayEvent[] = [];
  const logLines: string[] = [];
  const listeners = new Set<() => void>();
  const write = (level: string) => (message: string, facts?: LogFacts) =>
    logLines.push(JSON.stringify({ level, message, ...facts }));
  const relay = createRelay({
    config: result.config,
    clock: timeScale === 1 ? systemClock : scaledClock(timeScale),
    random: systemRandom,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    env,
    deadlines,
  });
  relay.on((event) => {
    events.push(event);
    for (const wake of listeners) wake();
  });
  const started = await relay.start();
  if (!started.ok) throw new Error(started.code);
  return {
    relay,
    port: started.port,
    url: `http://127.0.0.1:${started.port}`,
    events,
    logLines,
    waitFor: (kind) =>
      new Promise((resolve) => {
        const look = () => {
          const event = events.find((candidate) => candidate.kind === kind);
          if (event === undefined) return;
          listeners.delete(look);
          resolve(event as never);
        };
        listeners.add(look);
        look();
      }),
    stop: async () => {
      relay.cut();
      await relay.stop();
    },
  };
};

/** One provider entry that points at a scripted upstream, with a dummy key. */
export const providerAt = (url: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'scripted',
  type: 'anthropic',
  enabled: true,
  base_url: url,
  keys: [{ key: 'dummy-key-0001' }],
  ...more,
});
