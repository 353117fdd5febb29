import type { Clock, Timer } from '../ports.ts';
import type { BreakerReport, Permission } from './circuit-breaker.ts';

type Pending = { readonly permission: Permission; readonly startedAtMs: number; readonly atMs: number };

const togetherMs = 1000;
/** Wall clock and monotonic clock drift apart by this much only when the machine slept or its clock was set. */
const sleepMs = 2000;

/** What the watch needs. `upstreamCount` = how many upstreams are in service. */
export type NetworkWatchParts = {
  readonly clock: Clock;
  readonly upstreamCount: () => number;
  /** Every upstream became unreachable within a second. */
  readonly onLoss: () => void;
};

/**
 * Keeps faults of the local network away from the breakers (behaviour.md 1): when every upstream is unreachable
 * within one second, after sleep or a change of network, and when one dropped line cuts many streams.
 */
export class NetworkWatch {
  readonly #parts: NetworkWatchParts;
  readonly #pending = new Map<string, Pending[]>();
  readonly #cutAtMs = new Map<string, number>();
  #offsetMs: number;
  #disturbedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(parts: NetworkWatchParts) {
    this.#parts = parts;
    this.#offsetMs = this.#currentOffset();
  }

  /** The network changed or the machine woke: attempts from before say nothing about their upstreams. */
  noteDisturbance(): void {
    this.#disturbedAtMs = this.#parts.clock.monotonic();
  }

  /** An upstream answered, so the network is there: whoever was unreachable meanwhile is at fault itself. */
  noteAnswer(): void {
    if (this.#pending.size > 0) this.#settle('connection-failure');
  }

  /** An attempt that began at `startedAtMs` could not reach its upstream. Its breaker hears of it within a second. */
  reportUnreachable(upstream: string, permission: Permission, startedAtMs: number): void {
    if (this.isDisturbed(startedAtMs)) {
      permission.report('neutral');
      return;
    }
    const count = this.#parts.upstreamCount();
    // With a single upstream nothing tells its own fault from the network's.
    if (count < 2) {
      permission.report('connection-failure');
      return;
    }
    this.#releaseOld();
    const pending = this.#pending.get(upstream) ?? [];
    pending.push({ permission, startedAtMs, atMs: this.#parts.clock.monotonic() });
    this.#pending.set(upstream, pending);
    if (this.#pending.size < count) {
      this.#wait();
      return;
    }
    this.#settle('neutral');
    this.#parts.onLoss();
  }

  /** What the breaker is told of a stream that was cut: of several cut together only the first counts. */
  judgeCut(upstream: string, startedAtMs: number): BreakerReport {
    if (this.isDisturbed(startedAtMs)) return 'neutral';
    const nowMs = this.#parts.clock.monotonic();
    const before = this.#cutAtMs.get(upstream) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - before < togetherMs && startedAtMs <= before) return 'neutral';
    this.#cutAtMs.set(upstream, nowMs);
    return 'failure';
  }

  /** True when the machine slept or changed its network since this monotonic time. */
  isDisturbed(startedAtMs: number): boolean {
    const offsetMs = this.#currentOffset();
    if (Math.abs(offsetMs - this.#offsetMs) > sleepMs) this.noteDisturbance();
    this.#offsetMs = offsetMs;
    return startedAtMs <= this.#disturbedAtMs;
  }

  #currentOffset(): number {
    return this.#parts.clock.now() - this.#parts.clock.monotonic();
  }

  #settle(report: BreakerReport): void {
    const pending = [...this.#pending.values()].flat();
    this.#pending.clear();
    for (const each of pending) this.#report(each, report);
  }

  /** The network may have changed since the attempt failed. */
  #report({ permission, startedAtMs }: Pending, report: BreakerReport): void {
    permission.report(this.isDisturbed(startedAtMs) ? 'neutral' : report);
  }

  #wait(): void {
    if (this.#timer !== undefined) return;
    const oldestMs = Math.min(...[...this.#pending.values()].flat().map(({ atMs }) => atMs));
    const waitMs = Math.max(0, oldestMs + togetherMs - this.#parts.clock.monotonic());
    this.#timer = this.#parts.clock.startTimer(waitMs, () => {
      this.#timer = undefined;
      this.#releaseOld();
      if (this.#pending.size > 0) this.#wait();
    });
  }

  /** What stood alone for a second was the upstream's own fault. */
  #releaseOld(): void {
    const oldMs = this.#parts.clock.monotonic() - togetherMs;
    for (const [upstream, pending] of [...this.#pending]) {
      const fresh = pending.filter(({ atMs }) => atMs > oldMs);
      if (fresh.length > 0) this.#pending.set(upstream, fresh);
      else this.#pending.delete(upstream);
      for (const each of pending) if (each.atMs <= oldMs) this.#report(each, 'connection-failure');
    }
  }
}
