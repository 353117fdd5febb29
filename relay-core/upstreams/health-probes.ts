import type { Clock, Timer } from '../ports.ts';
import type { BreakerState } from '../resilience/circuit-breaker.ts';
import { probe } from './probe.ts';
import type { Upstream } from './upstream.ts';

/** What probing needs. */
export type HealthProbeParts = {
  readonly clock: Clock;
  /** The upstream of this name as it is configured now. */
  readonly find: (upstream: string) => Upstream | undefined;
  readonly settings: () => { readonly isEnabled: boolean; readonly intervalMs: number };
  /** Tells how a probe went. */
  readonly onProbed: (upstream: string, isReachable: boolean) => void;
};

/** Asks upstreams whose breaker is open, and only those, whether they are there again (behaviour.md 4). */
export class HealthProbes {
  readonly #parts: HealthProbeParts;
  readonly #timers = new Map<string, Timer>();

  constructor(parts: HealthProbeParts) {
    this.#parts = parts;
  }

  /**
   * To be called when a breaker has changed: starts or ends the probing of its upstream. Returns where the
   * breaker stands; undefined for an upstream that is gone.
   */
  follow(name: string): BreakerState['kind'] | undefined {
    const state = this.#parts.find(name)?.breaker.state.kind;
    if (state !== 'open' || !this.#parts.settings().isEnabled) this.#stop(name);
    else if (!this.#timers.has(name)) this.#schedule(name);
    return state;
  }

  /** Ends all probing. */
  close(): void {
    for (const name of [...this.#timers.keys()]) this.#stop(name);
  }

  #stop(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  #schedule(name: string): void {
    const { clock, settings } = this.#parts;
    const timer = clock.startTimer(settings().intervalMs, () => void this.#ask(name, timer));
    this.#timers.set(name, timer);
  }

  async #ask(name: string, timer: Timer): Promise<void> {
    const { clock, find, onProbed } = this.#parts;
    const upstream = find(name);
    if (upstream === undefined) {
      this.#stop(name);
      return;
    }
    const key = upstream.keys.keys.find((candidate) => candidate.isAvailable(clock.monotonic()));
    const result = await probe(upstream, key?.config.keyId, clock);
    // Closed, or stopped and started anew, meanwhile: this answer belongs to the past.
    if (this.#timers.get(name) !== timer) return;
    this.#timers.delete(name);
    const isReachable = result !== 'unreachable';
    onProbed(name, isReachable);
    if (isReachable) upstream.breaker.invite();
    this.follow(name);
  }
}
