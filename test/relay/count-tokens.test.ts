import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  errorBody,
  messageAnswer,
  type Script,
  ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const path = '/v1/messages/count_tokens?beta=true';
const counted: Script = answer(200, '{"input_tokens":12345}');

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let relay: StartedRelay;

const open = async (provider: Record<string, unknown> = {}, routing: Record<string, unknown> = {}) => {
  relay = await startRelay({
    file: {
      routing: { patience_ms: 0, debug: true, ...routing },
      providers: [
        providerAt(first.url, { name: 'first', priority: 2, ...provider }),
        providerAt(second.url, { name: 'second', priority: 1 }),
      ],
    },
  });
};

beforeEach(async () => {
  first = await ScriptedUpstream.start(counted);
  second = await ScriptedUpstream.start(counted);
});
afterEach(async () => {
  await relay.stop();
  await first.stop();
  await second.stop();
});

const count = (body = smallBody(), headers: Record<string, string> = {}) =>
  call(relay.url, { path, body, headers });

const isEstimate = (seen: Awaited<ReturnType<typeof count>>) => {
  expect(seen.status).toBe(200);
  expect(seen.headers['x-cc-relay-estimated']).toBe('true');
  expect(JSON.parse(seen.text).input_tokens).toBeGreaterThan(5);
};

describe('count_tokens', () => {
  it('is forwarded byte for byte, with its query and the key, and its answer comes back as it is', async () => {
    await open();
    const body = readFileSync(
      new URL('../fixtures/claude-code-requests/count-tokens-tools.json', import.meta.url),
      'utf8',
    );
    const request = JSON.stringify(JSON.parse(body).body ?? JSON.parse(body));
    const seen = await count(request);
    expect([seen.status, seen.text]).toEqual([200, '{"input_tokens":12345}']);
    expect(seen.headers['x-cc-relay-estimated']).toBeUndefined();
    expect(first.requests[0]).toMatchObject({ url: path, headers: { 'x-api-key': 'dummy-key-0001' } });
    expect(first.requests[0]?.body.toString()).toBe(request);
  });

  it.each<[string, Script]>([
    ['does not know it', errorAnswer(404, 'not_found_error')],
    ['is rate-limited', errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '600' } })],
    ['is overloaded', errorAnswer(529, 'overloaded_error')],
    ['refuses the key', errorAnswer(401, 'authentication_error')],
    ['resets the connection', (response) => response.socket?.resetAndDestroy()],
    ['cuts its answer', (response) => response.writeHead(200, { 'content-length': '99' }).write('{"in')],
  ])('is estimated when the provider %s, and nobody’s health changes', async (name, script) => {
    await open();
    first.always((response, request) => {
      if (!request.url.includes('count_tokens')) return messageAnswer()(response, request);
      const done = script(response, request);
      if (name.startsWith('cuts')) setTimeout(() => response.socket?.destroy(), 20);
      return done;
    });
    for (let index = 0; index < 6; index += 1) isEstimate(await count(smallBody({ max_tokens: index + 1 })));
    expect(second.requests).toHaveLength(0);
    const seen = await call(relay.url);
    expect([seen.status, seen.headers['x-cc-relay-provider'], seen.headers['x-cc-relay-health']]).toEqual([
      ...[200, 'first'],
      'closed',
    ]);
    expect(seen.headers['x-cc-relay-keys-available']).toBe('1');
    const kinds = relay.events.map(({ kind }) => kind);
    for (const kind of ['breaker-changed', 'key-cooled-down', 'key-retired', 'failed-over'])
      expect(kinds).not.toContain(kind);
  });

  it('is estimated when the provider takes too long', async () => {
    await relay?.stop();
    relay = await startRelay({
      file: { providers: [providerAt(first.url, { name: 'first' })] },
      timeScale: 50,
    });
    first.always(() => undefined);
    const before = performance.now();
    isEstimate(await count());
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('passes a 400 on verbatim: the client can mend it', async () => {
    await open();
    first.always(errorAnswer(400, 'invalid_request_error', { message: 'exact' }));
    const seen = await count();
    expect([seen.status, seen.text]).toEqual([400, errorBody('invalid_request_error', 'exact')]);
  });

  it('asks where the session is at home', async () => {
    await open();
    const headers = { 'x-claude-code-session-id': 'dummy-session' };
    first.next(errorAnswer(529, 'overloaded_error'));
    second.next(messageAnswer());
    await call(relay.url, { headers });
    await count(undefined, headers);
    expect(second.requests.map(({ url }) => url)).toEqual(['/v1/messages?beta=true', path]);
  });

  it('a burst of 50 equal ones goes upstream once, different ones 8 at a time', async () => {
    await open();
    let running = 0;
    let most = 0;
    first.always((response, request) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        counted(response, request);
      }, 10);
    });
    await Promise.all(Array.from({ length: 50 }, () => count()));
    expect(first.requests).toHaveLength(1);
    const different = Array.from({ length: 50 }, (_value, index) =>
      count(smallBody({ max_tokens: 100 + index })),
    );
    expect((await Promise.all(different)).every(({ text }) => text === '{"input_tokens":12345}')).toBe(true);
    expect(first.requests).toHaveLength(51);
    expect(most).toBe(8);
  });

  it('takes nothing from a key’s limits', async () => {
    await open({ keys: [{ key: 'dummy-key-0001', rpm_limit: 1, tpm_limit: 2000 }] });
    for (let index = 0; index < 5; index += 1) await count(smallBody({ max_tokens: index + 1 }));
    first.always(messageAnswer());
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('first');
  });

  it('of a body that is no request is a 400 of ours', async () => {
    await open();
    first.always(errorAnswer(404, 'not_found_error'));
    expect((await count('{"model":"claude-dummy"}')).status).toBe(400);
    expect((await count('nonsense')).status).toBe(400);
  });
});
