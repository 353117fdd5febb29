/** Counts what runs at the same time on a key, an upstream or the relay. A limit of 0 = unlimited. */
export class Slots {
  /** May change while some run. */
  limit: number;
  #inFlight = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many run now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** True when one more may run. */
  get hasRoom(): boolean {
    return this.limit === 0 || this.#inFlight < this.limit;
  }

  /** One more runs. */
  take(): void {
    this.#inFlight += 1;
  }

  /** One has ended. */
  free(): void {
    this.#inFlight -= 1;
  }
}
