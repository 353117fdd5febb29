import type { Clock, Timer } from '../../relay-core/ports.ts';

type Pending = { dueAt: number; readonly durationMs: number; readonly onFire: () => void };

/** A clock that moves only when told to; timers fire in order. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Pending>();

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  startTimer(durationMs: number, onFire: () => void): Timer {
    const pending: Pending = { dueAt: this.#nowMs + durationMs, durationMs, onFire };
    this.#timers.add(pending);
    return {
      refresh: () => {
        pending.dueAt = this.#nowMs + durationMs;
        this.#timers.add(pending);
      },
      cancel: () => this.#timers.delete(pending),
    };
  }

  /** How many timers run. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on and fires what became due. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ dueAt }) => dueAt <= until)
        .sort((a, b) => a.dueAt - b.dueAt);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueAt);
      this.#timers.delete(next);
      next.onFire();
    }
    this.#nowMs = until;
  }
}
