import type { Clock } from '../ports.ts';

/**
 * What one permitted attempt found out about its upstream. `connection-failure`: it could not be reached or said
 * nothing in time; `neutral`: nothing, either way.
 */
export type BreakerReport = 'success' | 'failure' | 'connection-failure' | 'neutral';

/** Leave for one attempt. It must report exactly once; what comes after the first report is ignored. */
export type Permission = { report(report: BreakerReport): void };

/** Where a breaker stands. `openedAt` is monotonic milliseconds. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  /** `isUnreachable`: what opened it was a connection error or a timeout, so that a probe can tell when it is over. */
  | { readonly kind: 'open'; readonly openedAt: number; readonly isUnreachable: boolean }
  | { readonly kind: 'half-open'; readonly successes: number; readonly isProbing: boolean }
  | { readonly kind: 'isolated' };

/** When a breaker opens, for how long, and how many successes in a row close it (behaviour.md 4). */
export type BreakerSettings = {
  readonly failureThreshold: number;
  readonly openDurationMs: number;
  readonly halfOpenProbes: number;
};

/** Whose attempt it is: `extra` = let through although the breaker is open, because nobody else was left. */
type Role = 'ordinary' | 'probe' | 'extra';

const closed: BreakerState = { kind: 'closed', failures: 0 };

/** Keeps attempts away from an upstream that fails in a row, and lets one at a time find out when it is well again. */
export class CircuitBreaker {
  #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #onChange: (state: BreakerState) => void;
  #state: BreakerState = closed;
  /** The probe that is under way in half-open. */
  #probe: Permission | undefined;

  constructor(settings: BreakerSettings, clock: Clock, onChange: (state: BreakerState) => void = () => {}) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Other bounds from now on; where the breaker stands stays. */
  reconfigure(settings: BreakerSettings): void {
    this.#settings = settings;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** True when `tryAcquire` would give leave now. */
  wouldPermit(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return true;
      case 'open':
        return this.#clock.monotonic() - state.openedAt >= this.#settings.openDurationMs;
      case 'half-open':
        return !state.isProbing;
      case 'isolated':
        return false;
    }
  }

  /** Leave for one attempt, or undefined while the upstream is to be left alone. */
  tryAcquire(): Permission | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return this.#permit('ordinary');
      case 'open':
        if (this.#clock.monotonic() - state.openedAt < this.#settings.openDurationMs) return undefined;
        this.#change({ kind: 'half-open', successes: 0, isProbing: true });
        return this.#permit('probe');
      case 'half-open':
        if (state.isProbing) return undefined;
        this.#state = { ...state, isProbing: true };
        return this.#permit('probe');
      case 'isolated':
        return undefined;
    }
  }

  /** Leave although the breaker is open, because nobody else is left; undefined only while held open by hand. */
  acquireAnyway(): Permission | undefined {
    switch (this.#state.kind) {
      case 'closed':
        return this.#permit('ordinary');
      case 'open':
      case 'half-open':
        return this.#permit('extra');
      case 'isolated':
        return undefined;
    }
  }

  /** A probe got through: an upstream that had only been unreachable may be tried before its time. */
  invite(): void {
    if (this.#state.kind === 'open' && this.#state.isUnreachable)
      this.#change({ kind: 'half-open', successes: 0, isProbing: false });
  }

  /** Holds the breaker open until `reset`. */
  isolate(): void {
    this.#change({ kind: 'isolated' });
  }

  /** Closes the breaker and forgets its failures. */
  reset(): void {
    this.#change(closed);
  }

  #permit(role: Role): Permission {
    let hasReported = false;
    const permission: Permission = {
      report: (report) => {
        if (hasReported) return;
        hasReported = true;
        // A probe of an earlier half-open time says no more than anybody let through.
        if (role === 'probe') this.#take(this.#probe === permission ? 'probe' : 'extra', report);
        else this.#take(role, report);
      },
    };
    if (role === 'probe') this.#probe = permission;
    return permission;
  }

  #take(role: Role, report: BreakerReport): void {
    // The one that was let through to find out is back: the next may go.
    if (role === 'probe' && this.#state.kind === 'half-open')
      this.#state = { ...this.#state, isProbing: false };
    // Attempts of better days say nothing about an upstream that has failed since.
    if (role === 'ordinary' && this.#state.kind !== 'closed') return;
    if (report === 'success') this.#succeed();
    else if (report !== 'neutral') this.#fail(report === 'connection-failure');
  }

  #succeed(): void {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        this.#state = closed;
        return;
      case 'open':
        this.#countProbe(0, false);
        return;
      case 'half-open':
        this.#countProbe(state.successes, state.isProbing);
        return;
      case 'isolated':
        return;
    }
  }

  #countProbe(before: number, isProbing: boolean): void {
    const successes = before + 1;
    if (successes >= this.#settings.halfOpenProbes) this.#change(closed);
    else this.#change({ kind: 'half-open', successes, isProbing });
  }

  #fail(isUnreachable: boolean): void {
    const state = this.#state;
    switch (state.kind) {
      case 'closed': {
        const failures = state.failures + 1;
        if (failures >= this.#settings.failureThreshold) this.#open(isUnreachable);
        else this.#state = { kind: 'closed', failures };
        return;
      }
      case 'open':
      case 'half-open':
        this.#open(isUnreachable);
        return;
      case 'isolated':
        return;
    }
  }

  #open(isUnreachable: boolean): void {
    this.#change({ kind: 'open', openedAt: this.#clock.monotonic(), isUnreachable });
  }

  #change(state: BreakerState): void {
    const isSameKind = state.kind === this.#state.kind;
    this.#state = state;
    if (!isSameKind) this.#onChange(state);
  }
}
