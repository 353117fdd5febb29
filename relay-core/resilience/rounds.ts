import { type AttemptFailure, isTransient, requestedWaitMs } from './attempt-failure.ts';

/** What the wait before another round depends on. Durations in milliseconds. */
export type RoundState = {
  /** The best failure of the round that ended. */
  readonly failure: AttemptFailure;
  /** 0 after the first round. */
  readonly round: number;
  readonly elapsedMs: number;
  readonly patienceMs: number;
};

const shortestMs = 1000;

/**
 * How long to wait before all candidates are tried again, or undefined when the client gets its answer now
 * (behaviour.md 1 "Rounds"): the upstream's own `retry-after`, else 1, 2, 4, 8 s …, never beyond the patience.
 */
export const nextRoundDelayMs = (state: RoundState): number | undefined => {
  if (!isTransient(state.failure)) return undefined;
  const requested = requestedWaitMs(state.failure);
  // A `retry-after` of nothing, again and again, would be a tight loop.
  const delayMs =
    requested !== undefined && requested > 0
      ? Math.max(requested, shortestMs)
      : shortestMs * 2 ** state.round;
  return state.elapsedMs + delayMs <= state.patienceMs ? delayMs : undefined;
};
