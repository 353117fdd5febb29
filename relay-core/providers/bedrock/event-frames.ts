import { crc32 } from 'node:zlib';
import { EventStreamCodec } from '@smithy/core/event-streams';

/** One frame of an AWS event stream: its string headers, and its payload. */
export type EventFrame = { readonly headers: ReadonlyMap<string, string>; readonly payload: Buffer };

const preludeBytes = 12;
const smallestFrameBytes = 16;
/** AWS allows 24 MiB of payload and 128 KiB of headers; a length beyond that is no length. */
const largestFrameBytes = 25_428_000;

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text, 'utf8'),
);

const readFrame = (bytes: Buffer): EventFrame => {
  const { headers, body } = codec.decode(bytes);
  const strings = Object.entries(headers).flatMap(([name, { value }]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return { headers: new Map(strings), payload: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
};

/** Cuts the frames of an AWS event stream (protocol.md 2.3) out of chunks that end anywhere. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes to wait for: a prelude, or the whole frame once that is known. */
  #needed = preludeBytes;

  /** True when the bytes so far end with a whole frame. */
  get isBetweenFrames(): boolean {
    return this.#size === 0;
  }

  /** The frames that became whole. Throws when a checksum or a length is wrong. */
  push(chunk: Buffer): readonly EventFrame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return [];
    const bytes = Buffer.concat(this.#chunks);
    const frames: EventFrame[] = [];
    let at = 0;
    this.#needed = preludeBytes;
    while (bytes.length - at >= preludeBytes) {
      const length = frameLength(bytes, at);
      if (bytes.length - at < length) {
        this.#needed = length;
        break;
      }
      frames.push(readFrame(bytes.subarray(at, at + length)));
      at += length;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return frames;
  }
}

/** The length that a prelude names, once its checksum has shown that it is one. */
const frameLength = (bytes: Buffer, at: number): number => {
  const length = bytes.readUInt32BE(at);
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8))
    throw new Error('the event stream is damaged: a frame has a wrong checksum');
  if (length < smallestFrameBytes || length > largestFrameBytes)
    throw new Error('the event stream is damaged: a frame has an impossible length');
  return length;
};
