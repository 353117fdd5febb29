import type { ExchangeParts } from './pipeline/exchange.ts';
import type { UpstreamRegistry } from './upstreams/upstream-registry.ts';

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

/** The control of the registry that is current at each call. */
export const createControl = (registry: () => UpstreamRegistry, parts: ExchangeParts): RelayControl => ({
  resetBreaker: (name) => {
    const upstream = registry().find(name);
    upstream?.breaker.reset();
    parts.admission.queue.wake();
    return upstream !== undefined;
  },
  isolate: (name) => {
    const upstream = registry().find(name);
    upstream?.breaker.isolate();
    return upstream !== undefined;
  },
  restoreKey: (name, keyId) => {
    const key = registry().find(name)?.keys.find(keyId);
    if (key === undefined) return false;
    key.restore();
    parts.bus.emit({ kind: 'key-restored', at: parts.clock.now(), upstream: name, keyId });
    parts.admission.queue.wake();
    return true;
  },
  noteNetworkChange: () => parts.network.noteDisturbance(),
});
