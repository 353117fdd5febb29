import type { Clock, Timer } from '../ports.ts';
import { probe } from './probe.ts';
import type { Upstream } from './upstream.ts';

/** What probing needs. */
export type HealthProbeParts = {
  readonly clock: Clock;
  readonly isEnabled: boolean;
  readonly intervalMs: number;
  /** Tells how a probe went. */
  readonly onProbed: (upstream: string, isReachable: boolean) => void;
};

/** Asks upstreams whose breaker is open, and only those, whether they are there again (behaviour.md 4). */
export class HealthProbes {
  readonly #parts: HealthProbeParts;
  readonly #timers = new Map<Upstream, Timer>();

  constructor(parts: HealthProbeParts) {
    this.#parts = parts;
  }

  /** To be called when a breaker has changed: starts or ends the probing of its upstream. */
  follow(upstream: Upstream): void {
    const isOpen = upstream.breaker.state.kind === 'open';
    if (!isOpen) this.#stop(upstream);
    else if (this.#parts.isEnabled && !this.#timers.has(upstream)) this.#schedule(upstream);
  }

  /** Ends all probing. */
  close(): void {
    for (const upstream of [...this.#timers.keys()]) this.#stop(upstream);
  }

  #stop(upstream: Upstream): void {
    this.#timers.get(upstream)?.cancel();
    this.#timers.delete(upstream);
  }

  #schedule(upstream: Upstream): void {
    const { clock, intervalMs } = this.#parts;
    const timer = clock.startTimer(intervalMs, () => void this.#ask(upstream, timer));
    this.#timers.set(upstream, timer);
  }

  async #ask(upstream: Upstream, timer: Timer): Promise<void> {
    const { clock, onProbed } = this.#parts;
    const [key] = upstream.keys.keys.filter((candidate) => candidate.isAvailable(clock.monotonic()));
    const result = await probe(upstream, key?.config.keyId, clock);
    // Closed, or stopped and started anew, meanwhile: this answer belongs to the past.
    if (this.#timers.get(upstream) !== timer) return;
    this.#timers.delete(upstream);
    const isReachable = result !== 'unreachable';
    onProbed(upstream.config.name, isReachable);
    if (isReachable) upstream.breaker.invite();
    this.follow(upstream);
  }
}
