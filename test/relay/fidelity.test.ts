import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  answer,
  errorBody,
  messageBody,
  ScriptedUpstream,
  sse,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const fixtures = new URL('../fixtures/claude-code-requests/', import.meta.url);

type Fixture = { method: string; url: string; rawHeaders: string[]; body?: unknown };

const readFixture = (name: string): Fixture => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'));

const pairs = (raw: readonly string[]): [string, string][] =>
  raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as [string, string]] : []));

let upstream: ScriptedUpstream;
let relay: StartedRelay;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  relay = await startRelay({ file: { providers: [providerAt(upstream.url)] } });
});
afterEach(async () => {
  await relay.stop();
  await upstream.stop();
});

describe('the request on its way up', () => {
  const messageFixtures = readdirSync(fixtures).filter((name) =>
    readFixture(name).url.startsWith('/v1/messages?'),
  );

  it.each(messageFixtures)('keeps every byte of %s, its query and its headers', async (name) => {
    const fixture = readFixture(name);
    const body = Buffer.from(JSON.stringify(fixture.body));
    const hop = new Set([
      'connection',
      'host',
      'content-length',
      'accept-encoding',
      'authorization',
      'x-api-key',
    ]);
    const sent = pairs(fixture.rawHeaders).filter(([header]) => !hop.has(header.toLowerCase()));
    const seen = await call(relay.url, { path: fixture.url, headers: Object.fromEntries(sent), body });
    expect(seen.status).toBe(200);
    const [arrived] = upstream.requests;
    expect(arrived?.body.equals(body)).toBe(true);
    expect(arrived?.url).toBe(fixture.url);
    for (const pair of sent) expect(pairs(arrived?.rawHeaders ?? [])).toContainEqual(pair);
  });

  it('keeps bytes that a JSON round trip would change', async () => {
    const body = Buffer.from(
      '{ "model" : "claude-dummy" ,"n":1.0e2,"u":"\\u00e9","big":12345678901234567890,  "a":1,"a":2}\n ',
    );
    await call(relay.url, { body });
    expect(upstream.requests[0]?.body.equals(body)).toBe(true);
  });

  it('keeps every byte of large bodies that come in many pieces, side by side on kept-alive sockets', async () => {
    const sent = new Map<string, Buffer>();
    const sizes = [70_000, 65_536, 131_073, 300_001, 1_500_000];
    await Promise.all(
      sizes.flatMap((size) =>
        Array.from({ length: 6 }, async (_, turn) => {
          const text = randomBytes(size / 2).toString('hex');
          const body = Buffer.from(`{"model":"claude-dummy","text":"${text}"}`);
          const path = `/v1/messages?of=${size}-${turn}`;
          sent.set(path, body);
          expect((await call(relay.url, { path, body })).status).toBe(200);
        }),
      ),
    );
    expect(upstream.requests).toHaveLength(sent.size);
    for (const { url, body } of upstream.requests)
      expect(body.equals(sent.get(url) ?? Buffer.alloc(0))).toBe(true);
  });

  it('forwards headers nobody has heard of yet, anthropic-* and others', async () => {
    await call(relay.url, {
      headers: {
        'anthropic-future': 'yes',
        'x-claude-code-agent-id': 'agent',
        'x-app': 'cli',
        'x-stainless-lang': 'js',
      },
    });
    expect(upstream.requests[0]?.headers).toMatchObject({
      'anthropic-future': 'yes',
      'x-claude-code-agent-id': 'agent',
      'x-app': 'cli',
      'x-stainless-lang': 'js',
    });
  });

  it('never forwards hop-by-hop headers, cookies, traces of a proxy or what the connection header names', async () => {
    await call(relay.url, {
      headers: {
        cookie: 'session=dummy',
        te: 'trailers',
        connection: 'close, x-private',
        'x-private': 'dummy',
        'proxy-authorization': 'Basic dummy',
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        via: '1.1 dummy',
        'x-cc-relay-token': 'dummy',
      },
    });
    const names = Object.keys(upstream.requests[0]?.headers ?? {});
    const banned = [
      'cookie',
      'te',
      'x-private',
      'proxy-authorization',
      'forwarded',
      'via',
      'x-cc-relay-token',
    ];
    for (const name of [...banned, 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])
      expect(names).not.toContain(name);
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(upstream.requests[0]?.headers.host).toBe(`127.0.0.1:${upstream.port}`);
  });

  it('reads the body only as far as its model: what follows is the upstream’s to judge', async () => {
    const body = Buffer.concat([Buffer.from('{"model":"claude-dummy", "then": '), randomBytes(2_000)]);
    expect((await call(relay.url, { body })).status).toBe(200);
    expect(upstream.requests[0]?.body.equals(body)).toBe(true);
  });

  it('changes only the bytes of model where the user mapped it', async () => {
    const mapped = await startRelay({
      file: { providers: [providerAt(upstream.url, { model_mapping: { 'claude-dummy': 'other "model"' } })] },
    });
    await call(mapped.url, {
      body: '{"x":[{"model":"claude-dummy"}],  "model" :  "claude-dummy", "y": 1.50}',
    });
    await mapped.stop();
    expect(upstream.requests[0]?.body.toString()).toBe(
      '{"x":[{"model":"claude-dummy"}],  "model" :  "other \\"model\\"", "y": 1.50}',
    );
  });

  it('puts the path behind the base URL’s own', async () => {
    const prefixed = await startRelay({
      file: { providers: [providerAt(`${upstream.url}/api/anthropic/`)] },
    });
    await call(prefixed.url, { path: '/v1/messages?beta=true&x=%20y' });
    await prefixed.stop();
    expect(upstream.requests[0]?.url).toBe('/api/anthropic/v1/messages?beta=true&x=%20y');
  });

  it('sends a configured key as bearer where the vendor wants it, and static headers over the client’s', async () => {
    const other = await startRelay({
      file: { providers: [providerAt(upstream.url, { auth: 'bearer', headers: { 'X-Team': 'ours' } })] },
    });
    await call(other.url, { headers: { 'x-team': 'theirs' } });
    await other.stop();
    expect(upstream.requests[0]?.headers.authorization).toBe('Bearer dummy-key-0001');
    expect(upstream.requests[0]?.headers['x-api-key']).toBeUndefined();
    expect(upstream.requests[0]?.headers['x-team']).toBe('ours');
  });
});

describe('the answer on its way down', () => {
  it('keeps status, body bytes and headers of a whole answer', async () => {
    upstream.always(
      answer(200, ` ${messageBody}\n`, {
        'request-id': 'req_abc',
        'anthropic-ratelimit-requests-remaining': '7',
        'anthropic-organization-id': 'org',
        'x-new-header': 'kept',
      }),
    );
    const seen = await call(relay.url);
    expect(seen.text).toBe(` ${messageBody}\n`);
    expect(seen.headers).toMatchObject({
      'request-id': 'req_abc',
      'anthropic-ratelimit-requests-remaining': '7',
      'anthropic-organization-id': 'org',
      'x-new-header': 'kept',
    });
  });

  it('keeps unknown events, comments, pings and odd spacing of a stream to the byte', async () => {
    const pieces = [
      ': a comment\n\n',
      ...streamEvents().slice(0, 3),
      'event: brand_new\ndata:{"type":"brand_new"}\nid: 7\n\n',
      'event: ping\r\ndata: {"type": "ping"}\r\n\r\n',
      ...streamEvents().slice(3),
    ];
    upstream.always(streamAnswer(pieces));
    const seen = await call(relay.url);
    expect(seen.text).toBe(pieces.join(''));
    expect(seen.isWhole).toBe(true);
  });

  it.each([400, 401, 403, 404, 413, 422, 500])('keeps a %d error body to the byte', async (status) => {
    upstream.always(answer(status, errorBody('some_error', 'exact wording'), { 'x-detail': 'kept' }));
    const seen = await call(relay.url);
    expect(seen.status).toBe(status);
    expect(seen.text).toBe(errorBody('some_error', 'exact wording'));
    expect(seen.headers['request-id']).toBe('req_upstream');
    expect(seen.headers['x-detail']).toBe('kept');
  });

  it('never passes on cookies or leave for foreign pages to read', async () => {
    upstream.always(
      answer(200, messageBody, {
        'set-cookie': 'a=b',
        'access-control-allow-origin': '*',
        'alt-svc': 'h3=":443"',
      }),
    );
    const { headers } = await call(relay.url);
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['alt-svc']).toBeUndefined();
  });

  it('passes an answer that is encoded all the same untouched', async () => {
    const packed = randomBytes(300);
    upstream.always(answer(200, packed, { 'content-encoding': 'gzip' }));
    const seen = await call(relay.url);
    expect(seen.body.equals(packed)).toBe(true);
    expect(seen.headers['content-encoding']).toBe('gzip');
  });

  it('passes a stream that names its length, though pings may make it longer', async () => {
    const body = streamEvents().join('');
    upstream.always(streamAnswer([body], { 'content-length': String(Buffer.byteLength(body)) }));
    const seen = await call(relay.url);
    expect(seen.text).toBe(body);
    expect(seen.headers['content-length']).toBeUndefined();
    expect(seen.isWhole).toBe(true);
  });

  it('delivers each event when it comes, not when the answer is over', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const events = streamEvents('first words');
    upstream.always(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events.slice(0, 4)) response.write(event);
      await gate;
      response.end(events.slice(4).join(''));
    });
    const seen = await call(relay.url, { onText: (text) => text.includes('first words') && release() });
    expect(seen.text).toBe(events.join(''));
  });

  it('names the key used, and under routing.debug who served', async () => {
    const debugging = await startRelay({
      file: { routing: { debug: true }, providers: [providerAt(upstream.url)] },
    });
    const { headers } = await call(debugging.url, { headers: { 'x-request-id': 'mine-1' } });
    await debugging.stop();
    expect(headers).toMatchObject({
      'x-request-id': 'mine-1',
      'x-cc-relay-keys-total': '1',
      'x-cc-relay-keys-available': '1',
      'x-cc-relay-provider': 'scripted',
      'x-cc-relay-strategy': 'failover',
      'x-cc-relay-health': 'closed',
    });
    expect(headers['x-cc-relay-key-id']).toMatch(/^[0-9a-f]{8}$/);
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBeUndefined();
  });
});

describe('backpressure', () => {
  it('holds the upstream while the client does not read', async () => {
    const chunk = sse('content_block_delta', { delta: { type: 'text_delta', text: 'x'.repeat(65_000) } });
    const offered = 2_000;
    let unsentBytes = () => 0;
    upstream.next((response) => {
      unsentBytes = () => response.writableLength;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents().slice(0, 2)) response.write(event);
      for (let written = 0; written < offered; written += 1) response.write(chunk);
    });
    const body = smallBody();
    const socket = connect(relay.port, '127.0.0.1');
    socket.pause();
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await relay.waitFor('exchange-committed');
    // Whole exchanges beside it: the relay would have had all the time to swallow the rest.
    for (let round = 0; round < 50; round += 1) await call(relay.url);
    expect(unsentBytes()).toBeGreaterThan(offered * 65_000 * 0.8);
    socket.destroy();
    await upstream.until(() => upstream.abortedCount === 1);
  });
});
