import { type IncomingHttpHeaders, request } from 'node:http';

/** What a client saw of one answer. */
export type SeenAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** False = the connection broke inside the body. */
  readonly isWhole: boolean;
};

export type Call = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | undefined;
  /** Called with the text so far after each piece. */
  readonly onText?: (text: string) => void;
  readonly signal?: AbortSignal;
};

/** A small valid request. */
export const smallBody = (more: object = {}): string =>
  JSON.stringify({
    model: 'claude-dummy',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });

/** Sends one request over a real socket; rejects only when no answer began. */
export const call = (url: string, options: Call = {}): Promise<SeenAnswer> =>
  new Promise((resolve, reject) => {
    const { method = 'POST', path = '/v1/messages?beta=true', headers = {}, onText, signal } = options;
    const body = options.body ?? (method === 'POST' ? smallBody() : undefined);
    const outgoing = request(
      url + path,
      {
        method,
        agent: false,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(signal ? { signal } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          onText?.(Buffer.concat(chunks).toString());
        });
        response.on('error', () => undefined);
        response.on('close', () => {
          const received = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: received,
            text: received.toString(),
            isWhole: response.complete,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
