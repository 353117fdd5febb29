import type { Clock } from '../ports.ts';

/** Waits. */
export function pause(clock: Clock, durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.startTimer(durationMs, resolve);
  });
}
