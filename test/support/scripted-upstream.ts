import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it reached the upstream. */
export type SeenRequest = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

/** What the upstream does with one request. */
export type Script = (response: ServerResponse, request: SeenRequest) => unknown;

/** A real HTTP server on loopback that answers as scripted and remembers what it saw. */
export class ScriptedUpstream {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #queue: Script[] = [];
  #otherwise: Script;
  #waiters: (() => void)[] = [];
  /** Requests whose connection closed before the answer was complete. */
  abortedCount = 0;

  private constructor(otherwise: Script) {
    this.#otherwise = otherwise;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Starts one that answers every request with `otherwise`; on a free port by default. */
  static async start(otherwise: Script = messageAnswer(), port = 0): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(otherwise);
    await new Promise<void>((resolve) => upstream.#server.listen(port, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** The next requests are answered with these, one each. */
  next(...scripts: Script[]): void {
    this.#queue.push(...scripts);
  }

  always(script: Script): void {
    this.#otherwise = script;
  }

  /** Resolves when something happened that `isDone` accepts. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => {
      if (!response.writableFinished) this.abortedCount += 1;
      this.#wake();
    });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the relay gave the request up while sending it
    }
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    this.requests.push(seen);
    this.#wake();
    await (this.#queue.shift() ?? this.#otherwise)(response, seen);
  }
}

/** One server-sent event of the Messages stream. */
export const sse = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

/** A complete stream that says `text`. */
export const streamEvents = (text = 'Hello'): readonly string[] => [
  sse('message_start', {
    message: {
      id: 'msg_dummy',
      type: 'message',
      role: 'assistant',
      model: 'claude-dummy',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  sse('ping'),
  sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  }),
  sse('message_stop'),
];

/** Answers 200 with a stream of these pieces, each written by itself. */
export const streamAnswer =
  (pieces: readonly string[] = streamEvents(), headers: Record<string, string> = {}): Script =>
  (response) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'request-id': 'req_upstream',
      ...headers,
    });
    for (const piece of pieces) response.write(piece);
    response.end();
  };

/** Answers any status with this body. */
export const answer =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Script =>
  (response) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'request-id': 'req_upstream',
      ...headers,
    });
    response.end(body);
  };

/** An error in Anthropic's envelope. */
export const errorAnswer = (
  status: number,
  type: string,
  { message = 'scripted', headers = {} }: { message?: string; headers?: Record<string, string> } = {},
): Script => answer(status, errorBody(type, message), headers);

/** The envelope's text, spaced unlike ours so that a rewritten body shows. */
export const errorBody = (type: string, message: string): string =>
  `{"type":"error", "error":{"type":"${type}","message":"${message}"},"request_id":"req_upstream"}`;

/** A complete message without streaming. */
export const messageBody = JSON.stringify({
  id: 'msg_dummy',
  type: 'message',
  role: 'assistant',
  model: 'claude-dummy',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 5 },
});

/** Answers 200 with a complete message. */
export const messageAnswer = (): Script => answer(200, messageBody);
