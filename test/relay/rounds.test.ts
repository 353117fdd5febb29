import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  errorAnswer,
  errorBody,
  messageBody,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay | undefined;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  await relay?.stop();
  await upstream.stop();
});

const open = async (routing: object = {}, provider: object = {}): Promise<string> => {
  relay = await startRelay({
    file: { routing: { ...routing }, providers: [providerAt(upstream.url, { ...provider })] },
  });
  return relay.url;
};

describe('one upstream that fails for a moment', () => {
  it.each([
    [429, 'rate_limit_error'],
    [502, 'api_error'],
    [503, 'api_error'],
    [504, 'timeout_error'],
    [529, 'overloaded_error'],
  ])('is tried again after a %d, and the client notices nothing', async (status, type) => {
    const url = await open();
    upstream.next(errorAnswer(status, type));
    const seen = await call(url);
    expect(seen.status).toBe(200);
    expect(seen.text).toBe(messageBody);
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.requests[0]?.body.equals(upstream.requests[1]?.body ?? Buffer.alloc(0))).toBe(true);
    expect((await relay?.waitFor('attempt-failed'))?.attempt).toMatchObject({ status });
  });

  it('is tried again after an overload told inside a 200', async () => {
    const url = await open();
    upstream.next(streamAnswer([`event: error\ndata: ${errorBody('overloaded_error', 'Overloaded')}\n\n`]));
    upstream.next(streamAnswer());
    const seen = await call(url, { body: smallBody({ stream: true }) });
    expect(seen.text).toBe(streamEvents().join(''));
    expect(upstream.requests).toHaveLength(2);
  });

  it('is tried again with the client’s own credential just the same', async () => {
    const url = await open({}, { pass_through: true, keys: [] });
    upstream.next(errorAnswer(529, 'overloaded_error'));
    const seen = await call(url, { headers: { authorization: 'Bearer sk-ant-oat01-dummy' } });
    expect(seen.status).toBe(200);
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sk-ant-oat01-dummy',
      'Bearer sk-ant-oat01-dummy',
    ]);
  });

  it('is given the time that it asks for, then 1, 2 s …', async () => {
    const url = await open({ patience_ms: 2_500 });
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '2' } }));
    const startedAt = performance.now();
    expect((await call(url)).status).toBe(200);
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(1_950);
  });

  it('is found again when its host comes back', async () => {
    const placeholder = createServer();
    await new Promise<void>((resolve) => placeholder.listen(0, '127.0.0.1', resolve));
    const { port } = placeholder.address() as { port: number };
    await new Promise((resolve) => placeholder.close(resolve));
    relay = await startRelay({ file: { providers: [providerAt(`http://127.0.0.1:${port}`)] } });
    const answered = call(relay.url);
    expect((await relay.waitFor('attempt-failed')).attempt.failure).toContain(
      'unreachable: connection refused',
    );
    const back = createServer((socket) => {
      socket.once('data', () =>
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${messageBody.length}\r\n\r\n${messageBody}`,
        ),
      );
    });
    await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve));
    expect((await answered).text).toBe(messageBody);
    await new Promise((resolve) => back.close(resolve));
  });
});

describe('patience', () => {
  it('ends with the upstream’s own answer, verbatim, when waiting would take too long', async () => {
    const url = await open({ patience_ms: 500 });
    upstream.always(errorAnswer(529, 'overloaded_error', { message: 'Overloaded' }));
    const seen = await call(url);
    expect(seen.status).toBe(529);
    expect(seen.text).toBe(errorBody('overloaded_error', 'Overloaded'));
    expect(upstream.requests).toHaveLength(1);
  });

  it('never outlasts the client’s own x-stainless-timeout', async () => {
    const url = await open();
    upstream.always(errorAnswer(529, 'overloaded_error'));
    const seen = await call(url, { headers: { 'x-stainless-timeout': '2' } });
    expect(seen.status).toBe(529);
    expect(upstream.requests).toHaveLength(2);
  });

  it.each<[number, string, Record<string, string>]>([
    [429, 'rate_limit_error', { 'retry-after': '61' }],
    [400, 'invalid_request_error', {}],
    [401, 'authentication_error', {}],
    [402, 'billing_error', {}],
    [404, 'not_found_error', {}],
    [413, 'request_too_large', {}],
    [500, 'api_error', {}],
  ])('is not for a %d, which waiting does not mend', async (status, type, headers) => {
    const url = await open({ patience_ms: 60_000 });
    upstream.always(errorAnswer(status, type, { headers }));
    expect((await call(url)).status).toBe(status);
    expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('ends at once when the client leaves while the relay waits', async () => {
    const url = await open();
    upstream.always(errorAnswer(529, 'overloaded_error'));
    const leaving = new AbortController();
    const answered = call(url, { signal: leaving.signal }).catch(() => undefined);
    await relay?.waitFor('attempt-failed');
    leaving.abort();
    await answered;
    expect((await relay?.waitFor('exchange-completed'))?.record.outcome).toBe('client-left');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('the final answer', () => {
  it('says retry-after in whole seconds, and x-should-retry: false above 60', async () => {
    const url = await open({ patience_ms: 0 });
    const inTwoHours = new Date(Date.now() + 7_200_000).toUTCString();
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': inTwoHours } }));
    const late = await call(url);
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(7_190);
    expect(late.headers['x-should-retry']).toBe('false');
  });

  it('says a short retry-after as it is', async () => {
    const url = await open({ patience_ms: 0 });
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '30' } }));
    const soon = await call(url);
    expect(soon.headers['retry-after']).toBe('30');
    expect(soon.headers['x-should-retry']).toBeUndefined();
  });

  it('tells the client that a refused configured key is not worth retrying', async () => {
    const url = await open();
    upstream.next(errorAnswer(401, 'authentication_error'));
    const seen = await call(url);
    expect(seen.status).toBe(401);
    expect(seen.headers['x-should-retry']).toBe('false');
  });

  it('is a 502 in our words when nobody could be reached, without the vendor’s secrets', async () => {
    const url = await open({ patience_ms: 0 });
    upstream.always((response) => response.socket?.destroy());
    const seen = await call(url);
    expect(seen.status).toBe(502);
    expect(JSON.parse(seen.text).error).toMatchObject({
      type: 'api_error',
      message: expect.stringContaining('scripted: '),
    });
  });

  it('is a 504 when an explicit first-byte deadline passed', async () => {
    const url = await open({}, { timeouts: { first_byte_ms: 100 } });
    upstream.always(() => undefined);
    const seen = await call(url);
    expect(seen.status).toBe(504);
    await upstream.until(() => upstream.abortedCount === 1);
  });

  it('never is a redirect', async () => {
    const url = await open({ patience_ms: 0 });
    upstream.always((response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end());
    const seen = await call(url);
    expect(seen.status).toBe(502);
    expect(seen.headers.location).toBeUndefined();
  });

  it('is a 503 that is not retried when nothing is configured', async () => {
    relay = await startRelay({ file: {} });
    const seen = await call(relay.url);
    expect(seen.status).toBe(503);
    expect(seen.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(seen.text).error.type).toBe('api_error');
  });
});
