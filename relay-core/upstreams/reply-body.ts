/** What comes next of an upstream's answer. `nudged` = somebody asked the reader to look up. */
export type ReplyPart =
  | { readonly kind: 'chunk'; readonly chunk: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'nudged' };

/** Stops and restarts the flow from the upstream's socket. */
export type FlowControl = { pause(): void; resume(): void; abort(): void };

/** Bytes that may wait unread before the upstream is told to pause. */
const highWaterBytes = 65_536;

/**
 * The body of an upstream's answer, read part by part by one reader. Unread bytes pause the upstream's socket,
 * so memory stays bounded however slow the client is.
 */
export class ReplyBody {
  readonly #flow: FlowControl;
  readonly #parts: ReplyPart[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #last: ReplyPart | undefined;
  #isNudged = false;
  #reader: ((part: ReplyPart) => void) | undefined;

  constructor(flow: FlowControl) {
    this.#flow = flow;
  }

  /** The next part. After `end` or `broken` the same part comes again and again. */
  next(): Promise<ReplyPart> {
    const part = this.#take();
    if (part !== undefined) return Promise.resolve(part);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** Makes the reader's current or next `next()` return `nudged`, unless the body has something to say. */
  nudge(): void {
    this.#isNudged = true;
    this.#wakeReader();
  }

  /** Ends the upstream's exchange at once; nothing more is read. */
  abort(): void {
    this.#flow.abort();
  }

  /** For the receiving side: more bytes have come. */
  push(chunk: Buffer): void {
    this.#parts.push({ kind: 'chunk', chunk });
    this.#waitingBytes += chunk.length;
    this.#wakeReader();
    if (this.#waitingBytes > highWaterBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
  }

  /** For the receiving side: the body is over, whole or not. */
  finish(last: ReplyPart): void {
    this.#last ??= last;
    this.#wakeReader();
  }

  #wakeReader(): void {
    if (this.#reader === undefined) return;
    const part = this.#take();
    if (part === undefined) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader(part);
  }

  #take(): ReplyPart | undefined {
    const part = this.#parts.shift();
    if (part === undefined) return this.#takeState();
    if (part.kind === 'chunk') this.#waitingBytes -= part.chunk.length;
    if (this.#isPaused && this.#waitingBytes === 0) {
      this.#isPaused = false;
      this.#flow.resume();
    }
    return part;
  }

  #takeState(): ReplyPart | undefined {
    if (this.#last !== undefined) return this.#last;
    if (!this.#isNudged) return undefined;
    this.#isNudged = false;
    return { kind: 'nudged' };
  }
}
