import type { HeaderList } from '../../messages/header-list.ts';
import type { ReplyDecoder } from '../provider.ts';
import { answerHeaders } from './answer-headers.ts';
import { errorEnvelope, errorTypeOf } from './error-text.ts';
import { type EventFrame, FrameReader } from './event-frames.ts';

const typeInFront = /^\s*\{\s*"type"\s*:\s*"([a-z_]+)"/;
const lineBreak = /\r\n|\r|\n/;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const parse = (text: string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error('the event stream is damaged: an event is no JSON object');
  return value;
};

const typeOf = (json: string): string => {
  const inFront = typeInFront.exec(json)?.[1];
  if (inFront !== undefined) return inFront;
  const { type } = parse(json);
  return typeof type === 'string' ? type : 'message';
};

const toSse = (name: string, json: string): string => {
  const data = lineBreak.test(json) ? json.split(lineBreak).join('\ndata: ') : json;
  return `event: ${name}\ndata: ${data}\n\n`;
};

/** Bedrock's event stream as Anthropic's server-sent events (protocol.md 2.3). */
export class EventStreamDecoder implements ReplyDecoder {
  readonly headers: HeaderList;
  readonly #frames = new FrameReader();
  /** `message_stop`, or an error, which ends a stream as well. */
  #isOver = false;

  constructor(headers: HeaderList) {
    this.headers = answerHeaders(headers, 'text/event-stream; charset=utf-8');
  }

  push(chunk: Buffer): Buffer {
    return Buffer.from(
      this.#frames
        .push(chunk)
        .map((frame) => this.#translate(frame))
        .join(''),
    );
  }

  end(): string | undefined {
    if (!this.#frames.isBetweenFrames) return 'the event stream ended inside a frame';
    return this.#isOver ? undefined : 'the event stream ended before message_stop';
  }

  #translate({ headers, payload }: EventFrame): string {
    switch (headers.get(':message-type')) {
      case 'exception':
        return this.#error(headers.get(':exception-type') ?? '', messageIn(payload));
      case 'error':
        return this.#error(headers.get(':error-code') ?? '', headers.get(':error-message') ?? '');
      default:
        return this.#event(headers.get(':event-type'), payload);
    }
  }

  #event(eventType: string | undefined, payload: Buffer): string {
    // Other types of event are announcements of AWS's own.
    if (eventType !== 'chunk') return '';
    const { bytes } = parse(payload.toString('utf8'));
    if (typeof bytes !== 'string') return '';
    const json = Buffer.from(bytes, 'base64').toString('utf8');
    const type = typeOf(json);
    this.#isOver ||= type === 'message_stop' || type === 'error';
    return toSse(type, json);
  }

  #error(exception: string, message: string): string {
    this.#isOver = true;
    const type = errorTypeOf(exception) ?? 'api_error';
    return toSse('error', errorEnvelope(type, message || exception));
  }
}

const messageIn = (payload: Buffer): string => {
  if (payload.length === 0) return '';
  const { message, Message } = parse(payload.toString('utf8'));
  if (typeof message === 'string') return message;
  return typeof Message === 'string' ? Message : '';
};
