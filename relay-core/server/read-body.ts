import type { IncomingMessage } from 'node:http';
import { RelayError } from '../errors.ts';
import { joinChunks } from '../messages/join-chunks.ts';
import type { Clock, Timer } from '../ports.ts';

/** Bounds of one request body. */
export type BodyLimits = {
  readonly maxBytes: number;
  /** Longest silence inside the body, in milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
};

/** Thrown when the client closed its connection before its request was complete: nobody is left to answer. */
export class ClientLeft extends Error {}

const tooLarge = (maxBytes: number): RelayError =>
  new RelayError(
    'body-too-large',
    `Request body exceeds the maximum allowed size of ${maxBytes} bytes (server.max_body_bytes)`,
  );

const stalled = (idleMs: number): RelayError =>
  new RelayError('body-stalled', `The request body stopped for ${idleMs} ms`);

/**
 * Reads a whole request body, bounded in size and in silence.
 * Throws RelayError `body-too-large` or `body-stalled`, or ClientLeft.
 */
export const readBody = (request: IncomingMessage, limits: BodyLimits): Promise<Buffer> => {
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes)
    return Promise.reject(tooLarge(limits.maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let isSettled = false;
    let idle: Timer | undefined;
    const settle = (act: () => void) => {
      if (isSettled) return;
      isSettled = true;
      idle?.cancel();
      // The request lives as long as its answer: listeners left on it would keep the body for as long.
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      act();
    };
    const onData = (chunk: Buffer) => {
      idle?.refresh();
      size += chunk.length;
      if (size > limits.maxBytes) settle(() => reject(tooLarge(limits.maxBytes)));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(joinAndFree(chunks)));
    const onClose = () => settle(() => reject(new ClientLeft('the request was not completed')));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    // Nearly every body arrives together with its headers and needs no watch.
    queueMicrotask(() => {
      if (isSettled) return;
      const { clock, idleMs } = limits;
      idle = clock.startTimer(idleMs, () => settle(() => reject(stalled(idleMs))));
    });
  });
};

/**
 * One piece of many, whose memory goes back at once. Left to the garbage collector, the pieces of large bodies
 * have it walk the whole heap every 160 requests of 200 KB, which costs more than the request.
 */
const joinAndFree = (chunks: readonly Buffer[]): Buffer => {
  const whole = joinChunks(chunks);
  if (chunks.length > 1) chunks.forEach(free);
  return whole;
};

const free = ({ buffer, byteOffset, byteLength }: Buffer): void => {
  // Only memory that is this chunk's alone: others share theirs with their neighbours.
  const isSole = byteOffset === 0 && buffer.byteLength === byteLength;
  if (isSole && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
};
