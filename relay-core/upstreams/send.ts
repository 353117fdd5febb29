import type { Dispatcher } from 'undici';
import type { HeaderList } from '../messages/header-list.ts';
import type { Clock, Timer } from '../ports.ts';
import type { UpstreamRequest } from '../providers/provider.ts';
import type { Cancellation } from '../resilience/cancellation.ts';
import { OnceBody } from './once-body.ts';
import { type FlowControl, ReplyBody } from './reply-body.ts';

/** Reads an answer's body part by part. */
export type ReplyReader = Pick<ReplyBody, 'next' | 'nudge' | 'abort'>;

/** An upstream's answer from its headers on. */
export type UpstreamReply = {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: ReplyReader;
};

/** What became of sending: an answer began, nothing came in time, no connection, or it was called off. */
export type SendResult =
  | { readonly kind: 'replied'; readonly reply: UpstreamReply }
  | { readonly kind: 'timed-out'; readonly detail: string }
  /** `isSent` = a connection stood and the request went out on it, so that it may be billed. */
  | { readonly kind: 'unreachable'; readonly detail: string; readonly isSent: boolean }
  | { readonly kind: 'cancelled' };

/** How long to wait, in milliseconds, and what ends the waiting. */
export type SendLimits = {
  /** Until the response headers; undefined = as long as nobody calls off. */
  readonly firstByteMs: number | undefined;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  readonly cancellation: Cancellation;
  readonly clock: Clock;
};

/** undici takes any iterable as a body; its types do not say so. */
type BodyDispatcher = {
  dispatch(
    options: Omit<Dispatcher.DispatchOptions, 'body'> & {
      body?: Dispatcher.DispatchOptions['body'] | AsyncIterable<Buffer>;
    },
    handler: Dispatcher.DispatchHandler,
  ): boolean;
};

/** Sends one request and resolves at the response headers. The only place that opens sockets outward; never throws. */
export const send = (
  dispatcher: BodyDispatcher,
  request: UpstreamRequest,
  limits: SendLimits,
): Promise<SendResult> => {
  const { promise, resolve } = Promise.withResolvers<SendResult>();
  const receiver = new Receiver(limits, resolve);
  if (limits.cancellation.isCancelled) receiver.cancel();
  else dispatch(dispatcher, request, receiver);
  return promise;
};

const dispatch = (dispatcher: BodyDispatcher, request: UpstreamRequest, receiver: Receiver): void => {
  try {
    dispatcher.dispatch(
      {
        origin: request.origin,
        path: request.path,
        method: request.method,
        ...withBody(request),
        // The relay's own timers watch both; undici's would cut long thinking.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      receiver,
    );
  } catch (error) {
    receiver.onResponseError(undefined, error);
  }
};

/** Smaller bodies may stay in memory while their answer runs: letting go costs 5 µs a request. */
const smallBodyBytes = 131_072;

const withBody = ({ headers, body }: UpstreamRequest) =>
  body === undefined || body.length <= smallBodyBytes
    ? { headers: [...headers], body }
    : { headers: [...headers, 'content-length', String(body.length)], body: new OnceBody(body) };

class Receiver implements Dispatcher.DispatchHandler, FlowControl {
  readonly #limits: SendLimits;
  readonly #settle: (result: SendResult) => void;
  readonly #onCancel = () => this.cancel();
  #controller: Dispatcher.DispatchController | undefined;
  #timer: Timer | undefined;
  #body: ReplyBody | undefined;
  #isOver = false;
  #isPaused = false;

  constructor(limits: SendLimits, settle: (result: SendResult) => void) {
    this.#limits = limits;
    this.#settle = settle;
    limits.cancellation.add(this.#onCancel);
    if (limits.firstByteMs !== undefined)
      this.#timer = limits.clock.startTimer(limits.firstByteMs, () => this.#giveUpWaiting());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Connecting cannot be interrupted; what was given up meanwhile ends here, before a byte is sent.
    if (this.#isOver) controller.abort(new Error('given up before the connection stood'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.#isOver) return;
    this.#timer?.cancel();
    this.#timer = this.#limits.clock.startTimer(this.#limits.idleMs, () => this.#breakIdle());
    this.#body = new ReplyBody(this);
    this.#settle({
      kind: 'replied',
      reply: { status, headers: rawHeaderList(controller.rawHeaders), body: this.#body },
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#timer?.refresh();
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#close();
    this.#body?.finish({ kind: 'end' });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: unknown): void {
    this.#close();
    const detail = describeTransportError(error);
    if (this.#body) this.#body.finish({ kind: 'broken', detail });
    else this.#settle({ kind: 'unreachable', detail, isSent: this.#controller !== undefined });
  }

  pause(): void {
    this.#isPaused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isOver) this.#timer?.refresh();
    this.#controller?.resume();
  }

  abort(): void {
    this.cancel();
  }

  /** Ends the exchange with the upstream because nobody waits for it any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#close();
    this.#settle({ kind: 'cancelled' });
    this.#body?.finish({ kind: 'broken', detail: 'cancelled' });
    this.#controller?.abort(new Error('cancelled'));
  }

  #giveUpWaiting(): void {
    this.#close();
    this.#settle({
      kind: 'timed-out',
      detail: `no answer within ${this.#limits.firstByteMs} ms`,
    });
    this.#controller?.abort(new Error('first byte deadline'));
  }

  #breakIdle(): void {
    // While the client is slow the upstream's silence is ours.
    if (this.#isPaused) {
      this.#timer?.refresh();
      return;
    }
    this.#close();
    this.#body?.finish({ kind: 'broken', detail: `silent for ${this.#limits.idleMs} ms` });
    this.#controller?.abort(new Error('idle deadline'));
  }

  #close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#limits.cancellation.remove(this.#onCancel);
  }
}

const rawHeaderList = (raw: unknown): string[] => {
  if (!Array.isArray(raw)) return [];
  return raw.map((part: unknown) => (Buffer.isBuffer(part) ? part.toString('latin1') : String(part)));
};

const readCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const wordsForCode: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'host name not found',
    EAI_AGAIN: 'host name could not be looked up',
    ECONNRESET: 'connection reset',
    EPIPE: 'connection closed while sending',
    ETIMEDOUT: 'connection timed out',
    EHOSTUNREACH: 'host unreachable',
    ENETUNREACH: 'network unreachable',
    UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
    UND_ERR_SOCKET: 'connection closed by the upstream',
    UND_ERR_ABORTED: 'the proxy refused the connection',
    UND_ERR_PRX_CONN: 'the proxy closed the connection',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as its headers say',
    CERT_HAS_EXPIRED: 'the TLS certificate has expired',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is self-signed',
    SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate chain is self-signed',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate could not be verified',
    ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate names another host',
  }),
);

/** A transport error in words, with its code: never the library's own text, which may quote headers. */
const describeTransportError = (error: unknown): string => {
  const code = readCode(error);
  if (code === undefined)
    return error instanceof AggregateError ? 'no address could be reached' : 'connection failed';
  const words = wordsForCode.get(code);
  return words === undefined ? `connection failed (${code})` : `${words} (${code})`;
};
