import { randomBytes } from 'node:crypto';
import type { Clock, Random } from './ports.ts';

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  startTimer: (durationMs, onFire) => {
    const timer = setTimeout(onFire, durationMs);
    return { refresh: () => timer.refresh(), cancel: () => clearTimeout(timer) };
  },
};

/** The machine's own source of randomness. */
export const systemRandom: Random = { bytes: (length) => randomBytes(length) };
