/**
 * A request body that is handed over once and then let go: undici keeps what it is given until the answer is
 * over, which would hold every prompt in memory for as long as its stream runs (behaviour.md 11).
 */
export class OnceBody implements AsyncIterable<Buffer> {
  #bytes: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => Promise.resolve(this.#take()) };
  }

  #take(): IteratorResult<Buffer, undefined> {
    const value = this.#bytes;
    this.#bytes = undefined;
    return value === undefined ? { done: true, value } : { done: false, value };
  }
}
