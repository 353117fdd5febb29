import { randomBytes } from 'node:crypto';
import type { Clock, Random } from './ports.ts';

/** Node fires at once what it is asked to fire later than this. */
const longestTimerMs = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  startTimer: (durationMs, onFire) => {
    const timer = setTimeout(onFire, Math.min(durationMs, longestTimerMs));
    return { refresh: () => timer.refresh(), cancel: () => clearTimeout(timer) };
  },
};

/** Asking the system for each id would cost more than the id: bytes are fetched by the page. */
const pageBytes = 4096;

const createPagedRandom = (): Random => {
  let page = randomBytes(pageBytes);
  let used = 0;
  return {
    bytes: (length) => {
      if (length > pageBytes) return randomBytes(length);
      if (used + length > pageBytes) {
        page = randomBytes(pageBytes);
        used = 0;
      }
      used += length;
      return page.subarray(used - length, used);
    },
  };
};

/** The machine's own source of randomness; no byte is given out twice. */
export const systemRandom: Random = createPagedRandom();
