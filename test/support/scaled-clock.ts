import type { Clock } from '../../relay-core/ports.ts';
import { systemClock } from '../../relay-core/system-ports.ts';

/** A clock on which `factor` seconds pass in each real one: minutes of waiting over real sockets in moments. */
export const scaledClock = (factor: number): Clock => {
  const startedAt = systemClock.now();
  const started = systemClock.monotonic();
  const elapsedMs = () => (systemClock.monotonic() - started) * factor;
  return {
    now: () => startedAt + Math.round(elapsedMs()),
    monotonic: elapsedMs,
    startTimer: (durationMs, onFire) => systemClock.startTimer(durationMs / factor, onFire),
  };
};
