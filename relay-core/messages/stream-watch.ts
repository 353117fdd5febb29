import type { TokenUsage } from '../contracts/records.ts';
import { isJsonObject } from './json-object.ts';
import { type SseEvent, SseScanner } from './sse.ts';
import { usageInEvent } from './usage.ts';

/** The error of an `event: error`, as far as it could be read. */
export type StreamError = { readonly type: string; readonly message: string };

/** Events that show that the model has begun to answer: what arrives from here on is worth committing to. */
const answerEvents: ReadonlySet<string> = new Set([
  'content_block_start',
  'content_block_delta',
  'message_delta',
  'message_stop',
]);

/** Follows one Messages stream (protocol.md 4): has the answer begun, did it end, did it carry an error? */
export class StreamWatch {
  readonly #scanner: SseScanner;
  #hasBegun = false;
  #hasStopped = false;
  #error: StreamError | undefined;
  #usage: TokenUsage | undefined;

  constructor() {
    this.#scanner = new SseScanner((event) => this.#read(event));
  }

  /** True once the first event of the answer itself has passed. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** True once `message_stop` has passed: the only proof that the answer is whole. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  /** The stream's `event: error`, if one has passed. */
  get error(): StreamError | undefined {
    return this.#error;
  }

  /** The tokens counted so far; whole once `message_delta` has passed. */
  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  /** True when an event of our own may be written without cutting one of the upstream's. */
  get isBetweenEvents(): boolean {
    return this.#scanner.isBetweenEvents;
  }

  /** Reads the next bytes of the stream. */
  push(chunk: Buffer): void {
    this.#scanner.push(chunk);
  }

  #read(event: SseEvent): void {
    if (answerEvents.has(event.name)) this.#hasBegun = true;
    if (event.name === 'message_stop') this.#hasStopped = true;
    if (event.name === 'message_start' || event.name === 'message_delta')
      this.#usage = usageInEvent(event.data ?? '', this.#usage);
    if (event.name === 'error') this.#error ??= readErrorEnvelope(event.data ?? '');
  }
}

/** Type and message of an Anthropic error envelope; `api_error` and an empty message where it says neither. */
export const readErrorEnvelope = (text: string): StreamError => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { type: 'api_error', message: '' };
  }
  const inner = isJsonObject(parsed) ? parsed.error : undefined;
  const error = isJsonObject(inner) ? inner : {};
  return {
    type: typeof error.type === 'string' ? error.type : 'api_error',
    message: typeof error.message === 'string' ? error.message : '',
  };
};
