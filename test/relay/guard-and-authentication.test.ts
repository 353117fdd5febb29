import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import { rawClient } from '../support/raw-client.ts';
import { errorAnswer, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const token = 'dummy-relay-token';
const ownKey = 'sk-ant-api03-dummy';
const ownLogin = 'Bearer sk-ant-oat01-dummy';

let upstream: ScriptedUpstream;
let relay: StartedRelay | undefined;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  await relay?.stop();
  await upstream.stop();
});

const open = async (file: { server?: object; routing?: object; provider?: object } = {}): Promise<string> => {
  relay = await startRelay({
    file: {
      server: { ...file.server },
      routing: { patience_ms: 0, ...file.routing },
      providers: [providerAt(upstream.url, { ...file.provider })],
    },
  });
  return relay.url;
};

/** Which credential the upstream saw last. */
const shown = () => {
  const { 'x-api-key': key, authorization } = upstream.requests.at(-1)?.headers ?? {};
  return { key, authorization };
};

describe('without a relay token, on loopback', () => {
  it('spends configured keys for a client that shows nothing, the placeholder or an unknown token', async () => {
    const url = await open();
    const shows = [{}, { authorization: 'Bearer managed-by-cc-relay' }, { 'x-api-key': 'whatever' }];
    for (const headers of shows) {
      expect((await call(url, { headers })).status).toBe(200);
      expect(shown()).toEqual({ key: 'dummy-key-0001', authorization: undefined });
    }
  });

  it('passes the client’s own credential through as it is, first', async () => {
    const url = await open({ provider: { pass_through: true } });
    await call(url, { headers: { authorization: ownLogin, 'anthropic-beta': 'oauth-2025-04-20' } });
    expect(shown()).toEqual({ key: undefined, authorization: ownLogin });
    await call(url, { headers: { 'x-api-key': ownKey } });
    expect(shown()).toEqual({ key: ownKey, authorization: undefined });
    await call(url, { headers: { 'x-api-key': ownKey, authorization: ownLogin } });
    expect(shown()).toEqual({ key: ownKey, authorization: ownLogin });
  });

  it('never sends an own credential to a host that nobody allowed it for', async () => {
    const url = await open();
    await call(url, { headers: { 'x-api-key': ownKey } });
    expect(shown()).toEqual({ key: 'dummy-key-0001', authorization: undefined });
  });

  it('never forwards the placeholder, not even where everything may pass', async () => {
    const url = await open({ provider: { pass_through: true, keys: [] } });
    const seen = await call(url, { headers: { authorization: 'Bearer managed-by-cc-relay' } });
    expect(seen.status).toBe(503);
    expect(seen.headers['x-should-retry']).toBe('false');
    expect(upstream.requests).toHaveLength(0);
    await call(url, { headers: { authorization: 'Bearer managed-by-cc-relay', 'x-api-key': ownKey } });
    expect(shown()).toEqual({ key: ownKey, authorization: undefined });
  });
});

describe('with a relay token', () => {
  const server = { auth: { api_key: token } };

  it.each([
    ['x-api-key', token],
    ['authorization', `Bearer ${token}`],
    ['x-cc-relay-token', token],
  ])('takes it as %s and never forwards it', async (header, value) => {
    const url = await open({ server, provider: { pass_through: true } });
    expect((await call(url, { headers: { [header]: value } })).status).toBe(200);
    expect(shown()).toEqual({ key: 'dummy-key-0001', authorization: undefined });
    expect(JSON.stringify(upstream.requests.at(-1)?.rawHeaders)).not.toContain(token);
  });

  it('passes the Anthropic credential in the other header through', async () => {
    const url = await open({ server, provider: { pass_through: true } });
    await call(url, { headers: { 'x-api-key': token, authorization: ownLogin } });
    expect(shown()).toEqual({ key: undefined, authorization: ownLogin });
  });

  it('takes auth.bearer_secret as well', async () => {
    const url = await open({ server: { auth: { bearer_secret: token, allow_bearer: true } } });
    expect((await call(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it.each([
    ['nothing', {}],
    ['the placeholder', { authorization: 'Bearer managed-by-cc-relay' }],
    ['a wrong token', { 'x-api-key': 'dummy-relay-tokem' }],
    ['an own credential', { authorization: ownLogin }],
  ])('refuses %s with a 401 that is not retried, before it reads the body', async (_name, headers) => {
    const url = await open({ server, provider: { pass_through: true } });
    const seen = await call(url, { headers, body: 'not json' });
    expect(seen.status).toBe(401);
    expect(seen.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(seen.text).error.type).toBe('authentication_error');
    expect(upstream.requests).toHaveLength(0);
  });

  it('lets an own credential pass with allow_subscription, but spends no key for it', async () => {
    const auth = { api_key: token, allow_subscription: true };
    const url = await open({ server: { auth }, provider: { pass_through: true } });
    upstream.always(errorAnswer(529, 'overloaded_error'));
    const seen = await call(url, { headers: { authorization: ownLogin } });
    expect(seen.status).toBe(529);
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([ownLogin]);
    expect(upstream.requests[0]?.headers['x-api-key']).toBeUndefined();
    const stranger = await call(url, { headers: { authorization: 'Bearer stranger' } });
    expect(stranger.status).toBe(401);
  });

  it('guards the lists too, but not /health', async () => {
    const url = await open({ server });
    for (const path of ['/v1/models', '/v1/models/x', '/v1/providers'])
      expect((await call(url, { method: 'GET', path })).status).toBe(401);
    const health = await call(url, { method: 'GET', path: '/health' });
    expect(health.text).toBe('{"status":"ok"}');
  });
});

describe('an own credential that fails', () => {
  it('gets its 401 and 403 verbatim, final, and without x-should-retry', async () => {
    const url = await open({ provider: { pass_through: true } });
    for (const [status, type] of [
      [401, 'authentication_error'],
      [403, 'permission_error'],
    ] as const) {
      upstream.next(errorAnswer(status, type));
      const before = upstream.requests.length;
      const seen = await call(url, { headers: { authorization: ownLogin } });
      expect(seen.status).toBe(status);
      expect(seen.headers['x-should-retry']).toBeUndefined();
      expect(upstream.requests).toHaveLength(before + 1);
    }
  });

  it.each([429, 529, 503])('gives way to the configured keys on %d', async (status) => {
    const url = await open({ provider: { pass_through: true } });
    upstream.next(errorAnswer(status, 'some_error', { headers: { 'retry-after': '3600' } }));
    expect((await call(url, { headers: { authorization: ownLogin } })).status).toBe(200);
    expect(shown()).toEqual({ key: 'dummy-key-0001', authorization: undefined });
  });

  it('stays alone with subscription_failover: false', async () => {
    const url = await open({ provider: { pass_through: true }, routing: { subscription_failover: false } });
    upstream.always(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '3600' } }));
    const seen = await call(url, { headers: { authorization: ownLogin } });
    expect(seen.status).toBe(429);
    expect(upstream.requests).toHaveLength(1);
  });

  it('keeps its unified limits to itself: a key’s answer carries none', async () => {
    const url = await open({ provider: { pass_through: true } });
    const headers = {
      'anthropic-ratelimit-unified-status': 'allowed',
      'anthropic-ratelimit-requests-limit': '50',
    };
    upstream.always(errorAnswer(400, 'invalid_request_error', { headers }));
    const own = await call(url, { headers: { authorization: ownLogin } });
    expect(own.headers['anthropic-ratelimit-unified-status']).toBe('allowed');
    const other = await call(url);
    expect(other.headers['anthropic-ratelimit-unified-status']).toBeUndefined();
    expect(other.headers['anthropic-ratelimit-requests-limit']).toBe('50');
  });
});

describe('the guard', () => {
  const status = async (head: string, port: number) => {
    const client = rawClient(port, `${head}\r\nconnection: close\r\n\r\n`);
    await client.closed;
    return Number(client.text().split(' ')[1]);
  };

  it.each([
    ['its own address', 'host: 127.0.0.1:8787', 200],
    ['localhost on a forwarded port', 'host: localhost:9999', 200],
    ['an allowed name', 'host: relay.example:8787', 200],
    ['a rebound name', 'host: evil.example:8787', 403],
    ['a name that begins like ours', 'host: localhost.evil.example', 403],
    ['another address', 'host: 192.168.1.5:8787', 403],
    ['an own origin', 'host: localhost:1\r\norigin: http://localhost:1', 200],
    ['a foreign origin', 'host: localhost\r\norigin: https://evil.example', 403],
    ['the same host’s other port', 'host: localhost:1\r\norigin: http://localhost:2', 403],
    ['an opaque origin', 'host: localhost\r\norigin: null', 403],
    ['a cross-site fetch', 'host: localhost\r\nsec-fetch-site: cross-site', 403],
    ['a same-site fetch', 'host: localhost\r\nsec-fetch-site: same-site', 403],
    ['an address typed by hand', 'host: localhost\r\nsec-fetch-site: none', 200],
  ])('answers %s: %s → %d', async (_name, headers, expected) => {
    await open({ server: { allowed_hosts: ['relay.example'] } });
    expect(await status(`GET /health HTTP/1.1\r\n${headers}`, relay?.port ?? 0)).toBe(expected);
  });

  it('answers before the body is read, with no CORS header and in the envelope', async () => {
    const url = await open();
    const seen = await call(url, { headers: { origin: 'https://evil.example' }, body: 'never read' });
    expect(seen.status).toBe(403);
    expect(JSON.parse(seen.text).error.type).toBe('permission_error');
    expect(Object.keys(seen.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
  });

  it('refuses a preflight', async () => {
    const url = await open();
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    expect((await call(url, { method: 'OPTIONS', headers })).status).toBe(403);
  });
});
