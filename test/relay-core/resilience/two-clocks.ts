import { FakeClock } from '../../support/fake-clock.ts';

/** A clock whose wall time is somewhere else than its monotonic time, and may jump. */
export class TwoClocks extends FakeClock {
  /** How far the wall clock is ahead, in milliseconds. */
  wallAheadMs = 0;

  override now(): number {
    return this.monotonic() + this.wallAheadMs;
  }
}
