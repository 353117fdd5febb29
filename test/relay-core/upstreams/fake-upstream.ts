import type { Dispatcher } from 'undici';
import type { KeyConfig, UpstreamConfig } from '../../../relay-core/config/config.ts';
import { KeyPool } from '../../../relay-core/keys/key-pool.ts';
import { Slots } from '../../../relay-core/keys/slots.ts';
import type { Clock } from '../../../relay-core/ports.ts';
import { anthropicAdapter } from '../../../relay-core/providers/anthropic/anthropic.ts';
import { CircuitBreaker } from '../../../relay-core/resilience/circuit-breaker.ts';
import { createDispatcher } from '../../../relay-core/upstreams/dispatcher.ts';
import { ModelList } from '../../../relay-core/upstreams/model-list.ts';
import type { Upstream } from '../../../relay-core/upstreams/upstream.ts';
import { seededRandom } from '../routing/ranked.ts';

/** behaviour.md 4. */
export const breakerSettings = { failureThreshold: 5, openDurationMs: 30_000, halfOpenProbes: 3 };

const nowhere = 'http://127.0.0.1:9';

/** A dispatcher for upstreams that are never sent anything: it opens no socket. */
const unused = createDispatcher({ origin: nowhere, proxyUrl: undefined, connectMs: 1000, env: {} });

/** What an upstream for tests is made of; everything but clock and name has a default. */
export type UpstreamFacts = {
  readonly clock: Clock;
  readonly keys?: readonly KeyConfig[];
  readonly keyStrategy?: UpstreamConfig['keyStrategy'];
  readonly passThrough?: UpstreamConfig['passThrough'];
  readonly priority?: number;
  readonly maxConcurrent?: number;
  readonly origin?: string;
  readonly breaker?: CircuitBreaker;
  readonly dispatcher?: Dispatcher;
};

/** An upstream built from the real classes. */
export const fakeUpstream = (name: string, facts: UpstreamFacts): Upstream => {
  const { clock, keys = [], keyStrategy = 'round_robin', maxConcurrent = 0, origin = nowhere } = facts;
  const slots = new Slots(maxConcurrent);
  return {
    config: {
      ...{ name, keys, keyStrategy, maxConcurrent, type: 'anthropic', auth: 'x-api-key', headers: [] },
      ...{ baseUrl: origin, proxyUrl: undefined, priority: facts.priority ?? 1, weight: 1 },
      passThrough: facts.passThrough ?? 'never',
      timeouts: { connectMs: 1000, firstByteMs: undefined, idleMs: 1000 },
      cloud: {} as UpstreamConfig['cloud'],
      ...{ models: undefined, modelMapping: new Map(), outOfService: undefined },
    },
    origin,
    basePath: '',
    adapter: anthropicAdapter,
    dispatcher: facts.dispatcher ?? unused,
    breaker: facts.breaker ?? new CircuitBreaker(breakerSettings, clock),
    keys: new KeyPool(keys, { strategy: keyStrategy, random: seededRandom(1) }),
    modelList: new ModelList(),
    slots,
    get inFlight() {
      return slots.inFlight;
    },
  };
};

/** Opens an upstream's breaker at once, as connection failures or as other failures would. */
export const openBreaker = (
  { breaker }: Upstream,
  as: 'connection-failure' | 'failure' = 'failure',
): void => {
  while (breaker.state.kind === 'closed') breaker.tryAcquire()?.report(as);
};
