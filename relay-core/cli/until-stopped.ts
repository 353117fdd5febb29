import type { StopSignals } from './command.ts';

/** Resolves at the first SIGTERM or SIGINT; a second one calls `onImpatience`. */
export const untilStopped = (signals: StopSignals, onImpatience: () => void): Promise<void> =>
  new Promise((resolve) => {
    let count = 0;
    signals.onStop(() => {
      count += 1;
      if (count === 1) resolve();
      else onImpatience();
    });
  });
