import { joinChunks } from '../messages/join-chunks.ts';

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
/** Waiting chunks of no more than this together are handed over as one. */
const joinedBytes = 16_384;

/**
 * The body of an upstream's answer, read part by part by one reader. Unread bytes pause the upstream's socket,
 * so memory stays bounded however slow the client is.
 */
export class ReplyBody {
  readonly #flow: FlowControl;
  readonly #chunks: Buffer[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #last: ReplyPart | undefined;
  #isNudged = false;
  #isWaking = false;
  #reader: ((part: ReplyPart) => void) | undefined;

  constructor(flow: FlowControl) {
    this.#flow = flow;
  }

  /** The next part. After `end` or `broken` the same part comes again and again. */
  next(): Promise<ReplyPart> {
    const part = this.#take();
    if (part !== undefined) return Promise.resolve(part);
    const { promise, resolve } = Promise.withResolvers<ReplyPart>();
    this.#reader = resolve;
    return promise;
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
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (chunk.length > joinedBytes) this.#wakeReader();
    else this.#wakeSoon();
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

  /** All chunks of one socket read come in one turn: the reader gets them together. */
  #wakeSoon(): void {
    if (this.#isWaking || this.#reader === undefined) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      this.#wakeReader();
    });
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
    const chunk = this.#takeChunk();
    if (chunk === undefined) return this.#takeState();
    this.#waitingBytes -= chunk.length;
    if (this.#isPaused && this.#waitingBytes === 0) {
      this.#isPaused = false;
      this.#flow.resume();
    }
    return { kind: 'chunk', chunk };
  }

  #takeChunk(): Buffer | undefined {
    // Small chunks, such as a stream's events, cost more each than copying them into one.
    if (this.#chunks.length > 1 && this.#waitingBytes <= joinedBytes)
      return joinChunks(this.#chunks.splice(0));
    return this.#chunks.shift();
  }

  #takeState(): ReplyPart | undefined {
    if (this.#last !== undefined) return this.#last;
    if (!this.#isNudged) return undefined;
    this.#isNudged = false;
    return { kind: 'nudged' };
  }
}
