import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  errorBody,
  messageAnswer,
  messageBody,
  type Script,
  ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const ownLogin = { authorization: 'Bearer sk-ant-oat01-dummy-one' };
const otherLogin = { authorization: 'Bearer sk-ant-oat01-dummy-two' };

let upstream: ScriptedUpstream;
let relay: StartedRelay;

const open = async (routing: Record<string, unknown> = {}, keys = [{ key: 'dummy-key-0001' }]) => {
  relay = await startRelay({
    file: {
      routing: { patience_ms: 0, ...routing },
      providers: [providerAt(upstream.url, { pass_through: true, keys })],
    },
  });
};

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  await relay.stop();
  await upstream.stop();
});

/** Logins are answered by the script, keys are well. */
const logins =
  (script: Script): Script =>
  (response, request) =>
    request.headers.authorization === undefined
      ? messageAnswer()(response, request)
      : script(response, request);

const credentialsSeen = () =>
  upstream.requests.map(({ headers }) => headers.authorization ?? headers['x-api-key']);

describe('a client’s own login beside configured keys', () => {
  it('goes first; the keys are not spent while it serves', async () => {
    await open();
    await call(relay.url, { headers: ownLogin });
    expect(credentialsSeen()).toEqual([ownLogin.authorization]);
  });

  it.each([429, 529, 500, 503])('hands over to a key after a %d, on the record', async (status) => {
    await open();
    upstream.always(logins(errorAnswer(status, 'api_error')));
    const seen = await call(relay.url, { headers: ownLogin });
    expect(seen.text).toBe(messageBody);
    expect(credentialsSeen()).toEqual([ownLogin.authorization, 'dummy-key-0001']);
    const { record } = await relay.waitFor('exchange-completed');
    expect(record.attempts.map(({ credential }) => credential.split(' ')[0])).toEqual(['client', 'key']);
  });

  it.each([401, 403])('gets a %d back verbatim, and nothing else changes', async (status) => {
    await open();
    upstream.always(logins(errorAnswer(status, 'authentication_error', { message: 'exact' })));
    const seen = await call(relay.url, { headers: ownLogin });
    expect([seen.status, seen.text]).toEqual([status, errorBody('authentication_error', 'exact')]);
    expect(seen.headers['x-should-retry']).toBeUndefined();
    expect((await call(relay.url)).status).toBe(200);
    expect(relay.events.map(({ kind }) => kind)).not.toContain('key-cooled-down');
  });

  it('that is limited rests by itself: its next request goes to the key, another login is asked as ever', async () => {
    await open();
    const limited = { 'retry-after': '900', 'anthropic-ratelimit-unified-status': 'rejected' };
    upstream.always((response, request) =>
      request.headers.authorization === ownLogin.authorization
        ? errorAnswer(429, 'rate_limit_error', { headers: limited })(response, request)
        : messageAnswer()(response, request),
    );
    for (const headers of [ownLogin, ownLogin, otherLogin])
      expect((await call(relay.url, { headers })).status).toBe(200);
    expect(credentialsSeen()).toEqual([
      ...[ownLogin.authorization, 'dummy-key-0001'],
      'dummy-key-0001',
      otherLogin.authorization,
    ]);
  });

  it('alone keeps being asked although it is limited: only the vendor knows when it ends', async () => {
    await open({}, []);
    upstream.always(
      errorAnswer(429, 'rate_limit_error', { message: 'weekly', headers: { 'retry-after': '900' } }),
    );
    for (let count = 0; count < 2; count += 1) {
      const seen = await call(relay.url, { headers: ownLogin });
      expect([seen.status, seen.headers['retry-after'], seen.text]).toEqual([
        ...[429, '900'],
        errorBody('rate_limit_error', 'weekly'),
      ]);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  it('is never replaced by a key under subscription_failover: false', async () => {
    await open({ subscription_failover: false });
    upstream.always(logins(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '5' } })));
    for (let count = 0; count < 2; count += 1)
      expect((await call(relay.url, { headers: ownLogin })).status).toBe(429);
    expect(credentialsSeen()).toEqual([ownLogin.authorization, ownLogin.authorization]);
  });

  it('alone is told about its subscription windows', async () => {
    await open();
    const windows = { 'anthropic-ratelimit-unified-5h-utilization': '0.7' };
    upstream.always(answer(200, messageBody, windows));
    const own = await call(relay.url, { headers: ownLogin });
    expect(own.headers).toMatchObject(windows);
    const other = await call(relay.url);
    expect(Object.keys(other.headers).filter((name) => name.includes('unified'))).toEqual([]);
  });
});
