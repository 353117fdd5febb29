/** How long what was taken counts, in milliseconds. */
export const windowMs = 60_000;

/** Past this, sums of whole numbers would stop being exact. */
const largestDebt = 2 ** 50;
const latestMs = 2 ** 52;

/** What was taken at one moment. `drained` is the part of `amount` that had been waiting as debt. */
type Slot = { atMs: number; amount: number; drained: number; next: Slot | undefined };

/** One taking, to be handed back to `replace`: `owed` of it became debt, from the place `owedFrom` on. */
export type Charge = {
  readonly amount: number;
  readonly slot: Slot | undefined;
  readonly owed: number;
  readonly owedFrom: number;
};

/**
 * Counts whole amounts over the last 60,000 ms and never lets them pass the limit: what does not fit is debt, which
 * takes the room of whatever leaves. Times are monotonic milliseconds, rounded up to `stepMs`, a divisor of 60,000.
 */
export class SlidingWindow {
  readonly #limit: number;
  readonly #stepMs: number;
  #nowMs = -latestMs;
  #oldest: Slot | undefined;
  #newest: Slot | undefined;
  #sum = 0;
  // Debt is a queue with numbered places: those below #gone have left the window, those below #drained have entered
  // it. Debt stands only while the window is full.
  #debt = 0;
  #drained = 0;
  #gone = 0;

  constructor(limit: number, stepMs: number) {
    this.#limit = limit;
    this.#stepMs = stepMs;
  }

  /** How many moments it remembers: at most one for each step of the window, and one for each taking in it. */
  get size(): number {
    let size = 0;
    for (let slot = this.#oldest; slot; slot = slot.next) size += 1;
    return size;
  }

  /** Milliseconds until this amount fits; an amount over the limit fits into an empty window. Changes nothing. */
  waitMs(amount: number, nowMs: number): number {
    const toLeave = this.#sum + this.#debt + Math.min(amount, this.#limit) - this.#limit;
    if (toLeave <= 0) return 0;
    // Debt enters where its forerunner left, so a full window repeats itself every minute.
    const rounds = Math.ceil(toLeave / this.#sum) - 1;
    let left = toLeave - rounds * this.#sum;
    let slot = this.#oldest;
    while (slot && left > slot.amount) {
      left -= slot.amount;
      slot = slot.next;
    }
    const fitsAtMs = (slot?.atMs ?? 0) + (rounds + 1) * windowMs;
    return Math.max(0, fitsAtMs - Math.floor(this.#timeOf(nowMs)));
  }

  /** Takes the amount, whether it fits or not. */
  take(amount: number, nowMs: number): Charge {
    this.#advance(nowMs);
    const placed = Math.min(amount, this.#limit - this.#sum);
    const owed = Math.min(amount - placed, largestDebt - this.#debt);
    const owedFrom = this.#drained + this.#debt;
    const slot = placed > 0 ? this.#place(placed, this.#stepOfNow()) : undefined;
    this.#debt += owed;
    return { amount, slot, owed, owedFrom };
  }

  /** Puts what was really used in the place of a charge: less is room at once, more counts from now. Once each. */
  replace(charge: Charge, used: number, nowMs: number): void {
    if (used > charge.amount) this.take(used - charge.amount, nowMs);
    else if (used < charge.amount) this.#giveBack(charge, charge.amount - used, nowMs);
  }

  /** The share of the limit that is free, 0..1. */
  freeShare(nowMs: number): number {
    this.#advance(nowMs);
    return (this.#limit - this.#sum) / this.#limit;
  }

  /** A window of its own with the same past. */
  copy(): SlidingWindow {
    const copy = new SlidingWindow(this.#limit, this.#stepMs);
    for (let slot = this.#oldest; slot; slot = slot.next) copy.#place(slot.amount, slot.atMs);
    copy.#nowMs = this.#nowMs;
    copy.#debt = this.#debt;
    return copy;
  }

  // The comparison is false for NaN too: a clock that says nothing new is taken to stand still.
  #timeOf(nowMs: number): number {
    return nowMs > this.#nowMs ? Math.min(nowMs, latestMs) : this.#nowMs;
  }

  // Whole milliseconds first: the division could round a trifle over a step away.
  #stepOfNow(): number {
    return Math.ceil(Math.ceil(this.#nowMs) / this.#stepMs) * this.#stepMs;
  }

  #advance(nowMs: number): void {
    this.#nowMs = this.#timeOf(nowMs);
    const leftByMs = Math.floor(this.#nowMs) - windowMs;
    this.#skipRounds(leftByMs);
    for (let slot = this.#oldest; slot && slot.atMs <= leftByMs; slot = this.#oldest) this.#expire(slot);
  }

  // A huge debt and a long silence would otherwise be walked through minute by minute.
  #skipRounds(leftByMs: number): void {
    const sinceMs = leftByMs + windowMs - (this.#newest?.atMs ?? leftByMs + windowMs);
    const rounds = Math.min(Math.floor(this.#debt / this.#limit), Math.floor(sinceMs / windowMs));
    if (rounds <= 0) return;
    let slot = this.#oldest;
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#sum = 0;
    for (; slot; slot = slot.next) {
      this.#place(slot.amount, slot.atMs + rounds * windowMs).drained = slot.amount;
      // For the charge that may hold it, what it placed has left.
      slot.drained = slot.amount;
    }
    this.#debt -= rounds * this.#limit;
    this.#drained += rounds * this.#limit;
    this.#gone = this.#drained - this.#limit;
  }

  #expire(slot: Slot): void {
    this.#oldest = slot.next;
    if (!slot.next) this.#newest = undefined;
    this.#sum -= slot.amount;
    this.#gone += slot.drained;
    // A charge may hold the slot for long: it must neither find anything in it nor keep its followers alive.
    slot.amount = 0;
    slot.drained = 0;
    slot.next = undefined;
    this.#drain(slot.atMs + windowMs);
  }

  #drain(atMs: number): void {
    const amount = Math.min(this.#debt, this.#limit - this.#sum);
    if (amount <= 0) return;
    this.#debt -= amount;
    this.#drained += amount;
    this.#place(amount, atMs).drained += amount;
  }

  #place(amount: number, atMs: number): Slot {
    this.#sum += amount;
    if (this.#newest?.atMs === atMs) {
      this.#newest.amount += amount;
      return this.#newest;
    }
    const slot: Slot = { atMs, amount, drained: 0, next: undefined };
    if (this.#newest) this.#newest.next = slot;
    else this.#oldest = slot;
    this.#newest = slot;
    return slot;
  }

  // What is kept of a charge is its earliest part, for that is when it was used.
  #giveBack(charge: Charge, amount: number, nowMs: number): void {
    this.#advance(nowMs);
    const owedTo = charge.owedFrom + charge.owed;
    const stillOwed = Math.max(0, owedTo - Math.max(this.#drained, charge.owedFrom));
    const inWindow = Math.max(0, Math.min(owedTo, this.#drained) - Math.max(charge.owedFrom, this.#gone));
    const forgiven = Math.min(amount, stillOwed);
    const undrained = Math.min(amount - forgiven, inWindow);
    this.#forgive(forgiven);
    this.#undrain(undrained);
    if (charge.slot) this.#unplace(charge.slot, amount - forgiven - undrained);
    this.#drain(this.#stepOfNow());
  }

  // Places ahead are taken to be gone sooner than they are: they may then give back less, never too much.
  #forgive(amount: number): void {
    this.#debt -= amount;
    this.#drained += amount;
    this.#gone += amount;
  }

  #undrain(amount: number): void {
    this.#gone += amount;
    this.#sum -= amount;
    let left = amount;
    for (let slot = this.#oldest; slot && left > 0; slot = slot.next) {
      const part = Math.min(left, slot.drained);
      slot.drained -= part;
      slot.amount -= part;
      left -= part;
    }
  }

  #unplace(slot: Slot, amount: number): void {
    const part = Math.min(amount, slot.amount - slot.drained);
    slot.amount -= part;
    this.#sum -= part;
  }
}
