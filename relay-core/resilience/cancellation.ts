/**
 * Calls off everything that waits for one exchange. An AbortSignal would do the same at several microseconds
 * a request (its listeners are DOM events), which the request path has no room for.
 */
export class Cancellation {
  readonly #listeners: (() => void)[] = [];
  #isCancelled = false;

  /** True from `cancel` on. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Calls every listener, once. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Adds a listener for `cancel`. */
  add(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Takes a listener away again. */
  remove(listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }
}
