import type { TokenUsage } from '../contracts/records.ts';
import type { Clock } from '../ports.ts';
import type { Reservation } from './limits.ts';
import type { Slots } from './slots.ts';

/** What an attempt used: as counted by the upstream, nothing at all, or nobody knows. */
export type Used = TokenUsage | 'nothing' | 'unknown';

/** What a permit gives back at its end. */
export type PermitParts = {
  readonly slots: readonly Slots[];
  readonly reservation: Reservation | undefined;
  readonly clock: Clock;
  readonly onEnd: () => void;
};

/** Leave to use one target once: what our limiter hands out. It holds its slots until `end`. */
export class Permit {
  readonly #parts: PermitParts;
  #hasEnded = false;

  constructor(parts: PermitParts) {
    this.#parts = parts;
    for (const slots of parts.slots) slots.take();
  }

  /** Frees the slots and settles what was reserved. Only the first call counts. */
  end(used: Used): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { slots, reservation, clock, onEnd } = this.#parts;
    for (const each of slots) each.free();
    if (used === 'nothing') reservation?.release(clock.monotonic());
    // Cache reads do not count toward input limits (behaviour.md 3). Of an unknown use the estimate stays.
    else if (used !== 'unknown')
      reservation?.settle(
        { input: used.inputTokens + used.cacheWriteTokens, output: used.outputTokens },
        clock.monotonic(),
      );
    onEnd();
  }
}
