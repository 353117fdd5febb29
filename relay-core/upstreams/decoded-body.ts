import type { ReplyDecoder } from '../providers/provider.ts';
import type { ReplyPart } from './reply-body.ts';
import type { ReplyReader } from './send.ts';

/** An upstream's body read through its dialect's decoder: what comes out is Anthropic's wire. */
export class DecodedBody implements ReplyReader {
  readonly #source: ReplyReader;
  readonly #decoder: ReplyDecoder;
  #last: ReplyPart | undefined;

  constructor(source: ReplyReader, decoder: ReplyDecoder) {
    this.#source = source;
    this.#decoder = decoder;
  }

  /** The next part that became readable. What the decoder cannot read breaks the body. */
  async next(): Promise<ReplyPart> {
    for (;;) {
      if (this.#last !== undefined) return this.#last;
      const part = await this.#source.next();
      switch (part.kind) {
        case 'nudged':
          return part;
        case 'broken':
          this.#last = part;
          return part;
        case 'end':
          this.#last = this.#ending();
          return this.#last;
        case 'chunk': {
          const chunk = this.#decode(part.chunk);
          if (chunk !== undefined && chunk.length > 0) return { kind: 'chunk', chunk };
        }
      }
    }
  }

  nudge(): void {
    this.#source.nudge();
  }

  abort(): void {
    this.#source.abort();
  }

  #decode(chunk: Buffer): Buffer | undefined {
    try {
      return this.#decoder.push(chunk);
    } catch (error) {
      this.#source.abort();
      this.#last = { kind: 'broken', detail: error instanceof Error ? error.message : 'unreadable' };
      return undefined;
    }
  }

  #ending(): ReplyPart {
    const fault = this.#decoder.end();
    return fault === undefined ? { kind: 'end' } : { kind: 'broken', detail: fault };
  }
}
