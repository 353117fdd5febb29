import type { Dispatcher } from 'undici';
import type { UpstreamConfig } from '../config/config.ts';
import type { KeyPool } from '../keys/key-pool.ts';
import type { Slots } from '../keys/slots.ts';
import type { ProviderAdapter } from '../providers/provider.ts';
import type { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import type { ModelList } from './model-list.ts';

/** One configured upstream, ready to be tried: its settings, its dialect, its keys, its sockets. */
export type Upstream = {
  readonly config: UpstreamConfig;
  readonly origin: string;
  /** Path of the base URL without a trailing slash. */
  readonly basePath: string;
  readonly adapter: ProviderAdapter;
  readonly dispatcher: Dispatcher;
  readonly breaker: CircuitBreaker;
  readonly keys: KeyPool;
  /** Its own list of models, where it has one to ask for. */
  readonly modelList: ModelList;
  /** What runs on it now, against `providers[].max_concurrent`. */
  readonly slots: Slots;
  /** The same number, for strategies. */
  readonly inFlight: number;
};
