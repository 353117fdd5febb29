import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import { rawClient } from '../support/raw-client.ts';
import { ScriptedUpstream, sse, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  relay = await startRelay({
    file: { server: { max_body_bytes: 100_000 }, providers: [providerAt(upstream.url)] },
    deadlines: { bodyIdleMs: 150, clientStallMs: 200 },
  });
});
afterEach(async () => {
  await relay.stop();
  await upstream.stop();
});

const envelope = (text: string) => JSON.parse(text) as { error: { type: string; message: string } };

describe('a bad request', () => {
  it.each([
    ['an empty body', ''],
    ['no JSON', 'hello'],
    ['an array', '[{"model":"x"}]'],
    ['an unfinished object', '{"model"'],
    ['no model', '{"messages":[]}'],
    ['a model that is a number', '{"model":7}'],
    ['an empty model', '{"model":""}'],
  ])('with %s gets a 400 that says so, and the upstream hears nothing', async (_name, body) => {
    const seen = await call(relay.url, { body });
    expect(seen.status).toBe(400);
    expect(envelope(seen.text).error.type).toBe('invalid_request_error');
    expect(seen.headers['request-id']).toBe(JSON.parse(seen.text).request_id);
    expect(upstream.requests).toHaveLength(0);
  });

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('as %s %o gets a 415', async (type, headers) => {
    const seen = await call(relay.url, { headers: { 'content-type': type, ...headers } });
    expect(seen.status).toBe(415);
  });

  it.each(['application/json; charset=utf-8', 'application/vnd.api+json'])('as %s is fine', async (type) => {
    expect((await call(relay.url, { headers: { 'content-type': type } })).status).toBe(200);
  });

  it('with a body beyond the limit gets a 413, whether it says its length or not', async () => {
    const body = Buffer.alloc(150_000, 'x');
    expect((await call(relay.url, { body })).status).toBe(413);
    const chunked = await call(relay.url, { body, headers: { 'transfer-encoding': 'chunked' } });
    expect(chunked.status).toBe(413);
    expect(envelope(chunked.text).error.type).toBe('request_too_large');
    expect((await call(relay.url)).status).toBe(200);
  });

  it('of 33 MB is refused by default without being read to its end', async () => {
    const plain = await startRelay({ file: { providers: [providerAt(upstream.url)] } });
    const client = rawClient(
      plain.port,
      `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${33 * 1024 * 1024}\r\n\r\n{"model":`,
    );
    expect(await client.until((text) => text.includes('request_too_large'))).toMatch(/^HTTP\/1.1 413 /);
    client.socket.destroy();
    await plain.stop();
  });

  it('whose headers are absurd gets a 431 in the envelope', async () => {
    const client = rawClient(
      relay.port,
      `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
    );
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1.1 431 /);
    expect(envelope(client.text().split('\r\n\r\n')[1] ?? '').error.type).toBe('request_too_large');
  });

  it('that is no HTTP gets a 400 in the envelope and is closed', async () => {
    const client = rawClient(relay.port, 'SSH-2.0-dummy\r\n\r\n');
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1.1 400 /);
  });

  it('whose body stops half-way is given up after a bounded wait', async () => {
    const client = rawClient(
      relay.port,
      'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"model":"x"',
    );
    expect(await client.until((text) => text.includes('timeout_error'))).toMatch(/^HTTP\/1.1 408 /);
    client.socket.destroy();
    const { record } = await relay.waitFor('exchange-completed');
    expect(record.outcome).toBe('refused');
  });

  it('that is left half-way leaves nothing behind', async () => {
    const client = rawClient(
      relay.port,
      'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"model":"x"',
    );
    await relay.waitFor('exchange-started');
    client.socket.destroy();
    const { record } = await relay.waitFor('exchange-completed');
    expect(record).toMatchObject({ outcome: 'client-left', attempts: [] });
  });

  it.each([
    ['GET', '/v1/messages', 405],
    ['POST', '/v1/models', 405],
    ['POST', '/v1/complete', 404],
    ['GET', '/admin', 404],
    ['GET', '/v1/models/none', 404],
  ])('%s %s gets a %d that is not retried', async (method, path, status) => {
    const seen = await call(relay.url, { method, path });
    expect(seen.status).toBe(status);
    expect(seen.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(seen.text).type).toBe('error');
  });
});

describe('a client that stalls', () => {
  it('and never reads is dropped after a bounded wait, and the upstream with it', async () => {
    const chunk = sse('content_block_delta', { delta: { type: 'text_delta', text: 'x'.repeat(65_000) } });
    upstream.next((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents().slice(0, 2).join(''));
      for (let written = 0; written < 400; written += 1) response.write(chunk);
    });
    const body = smallBody();
    const client = rawClient(
      relay.port,
      `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    client.socket.pause();
    await upstream.until(() => upstream.abortedCount === 1);
    expect((await relay.waitFor('exchange-completed')).record.outcome).toBe('client-left');
    client.socket.destroy();
  });

  it('does not matter to others: 2,000 idle connections and the relay still answers', async () => {
    const idle = Array.from({ length: 2_000 }, () => rawClient(relay.port));
    expect((await call(relay.url)).status).toBe(200);
    for (const { socket } of idle) socket.destroy();
    await Promise.all(idle.map(({ closed }) => closed));
    expect((await call(relay.url)).status).toBe(200);
  });
});

describe('secrets', () => {
  it('stand in no log line, event or error: neither keys, tokens nor body text', async () => {
    const tokens = ['dummy-relay-token-7', 'sk-ant-api03-dummy-own', 'dummy-key-0001', 'PROMPT-TEXT'];
    const guarded = await startRelay({
      file: {
        server: { auth: { api_key: 'dummy-relay-token-7' } },
        routing: { patience_ms: 0 },
        providers: [providerAt(upstream.url, { pass_through: true })],
      },
    });
    const own = { authorization: 'Bearer sk-ant-api03-dummy-own' };
    const body = smallBody({ system: 'PROMPT-TEXT' });
    const texts: string[] = [];
    upstream.next((response) => response.socket?.destroy());
    for (const headers of [
      { 'x-api-key': 'dummy-relay-token-7', ...own },
      { ...own },
      { 'x-api-key': 'dummy-key-0001' },
    ]) {
      const seen = await call(guarded.url, { headers, body });
      texts.push(seen.text, ...seen.rawHeaders);
      const bad = await call(guarded.url, { headers, body: 'PROMPT-TEXT' });
      texts.push(bad.text, ...bad.rawHeaders);
    }
    const all = [...texts, ...guarded.logLines, JSON.stringify(guarded.events)].join('\n');
    await guarded.stop();
    for (const token of tokens) expect(all).not.toContain(token);
    expect(guarded.logLines.length).toBeGreaterThan(3);
  });
});
