import { readConfig } from '../../relay-core/config/load-config.ts';
import { createRelay, type Relay } from '../../relay-core/create-relay.ts';
import { systemClock, systemRandom } from '../../relay-core/system-ports.ts';
import { keyAllowances, type SimulatedUpstreams } from './simulated-upstreams.ts';

/** How long a circuit breaker of the demo stays open: much shorter than in real life. */
export const breakerOpenMs = 2_000;

/** The relay of the demo, with what its events leave to be looked up. */
export type DemoRelay = {
  readonly relay: Relay;
  /** `key 1`, `key 2` … as they stand in the configuration. */
  readonly keyName: (upstream: string, keyId: string) => string;
  /** Opens the port and resolves with the relay's address. */
  start(): Promise<string>;
};

/** What a user would write, but for the shortened waits. */
const configText = ({ flaky, limited, steady }: SimulatedUpstreams): string => `
server: { listen: "127.0.0.1:0" }
routing: { strategy: failover, debug: true }
providers:
  - name: flaky
    type: anthropic
    base_url: ${flaky.url}
    priority: 3
    keys: [{ key: demo-key-of-flaky }]
  - name: limited
    type: anthropic
    base_url: ${limited.url}
    priority: 2
    keys: [${[...keyAllowances.keys()].map((key) => `{ key: ${key} }`).join(', ')}]
  - name: steady
    type: anthropic
    base_url: ${steady.url}
    priority: 1
    keys: [{ key: demo-key-of-steady }]
health:
  circuit_breaker: { failure_threshold: 4, open_duration_ms: ${breakerOpenMs}, half_open_probes: 2 }
`;

const silent = () => undefined;

/** The whole engine, set before the simulated upstreams. */
export const createDemoRelay = (upstreams: SimulatedUpstreams): DemoRelay => {
  // An empty environment: a proxy variable of the user's must not lead the demo astray.
  const env = {};
  const result = readConfig(configText(upstreams), { env });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('; '));
  const { config } = result;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const relay = createRelay({ config, env, log, clock: systemClock, random: systemRandom });
  const keyNames = new Map(
    config.upstreams.flatMap(({ name, keys }) =>
      keys.map(({ keyId }, index) => [`${name} ${keyId}`, `key ${index + 1}`] as const),
    ),
  );
  return {
    relay,
    keyName: (upstream, keyId) => keyNames.get(`${upstream} ${keyId}`) ?? `key ${keyId}`,
    start: async () => {
      const started = await relay.start();
      if (!started.ok) throw new Error(`the relay could not listen: ${started.code}`);
      return `http://127.0.0.1:${started.port}`;
    },
  };
};
