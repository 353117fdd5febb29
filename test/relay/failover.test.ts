import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  errorAnswer,
  errorBody,
  messageBody,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const firstKeys = [{ key: 'dummy-key-0001' }, { key: 'dummy-key-0002' }];

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let relay: StartedRelay;

beforeEach(async () => {
  first = await ScriptedUpstream.start();
  second = await ScriptedUpstream.start();
  relay = await startRelay({
    file: {
      routing: { debug: true, patience_ms: 0 },
      providers: [
        providerAt(second.url, { name: 'second', priority: 1 }),
        providerAt(first.url, { name: 'first', priority: 2, keys: firstKeys }),
      ],
    },
  });
});
afterEach(async () => {
  await relay.stop();
  await first.stop();
  await second.stop();
});

/** Of the messages: a 401 is confirmed by a free request besides. */
const keysSeen = (upstream: ScriptedUpstream) =>
  upstream.requests.filter(({ method }) => method === 'POST').map(({ headers }) => headers['x-api-key']);

describe('several providers and keys', () => {
  it('are tried by priority: the better one serves while it can', async () => {
    const seen = await call(relay.url);
    expect(seen.headers['x-cc-relay-provider']).toBe('first');
    expect(second.requests).toHaveLength(0);
  });

  it.each<[string, Script]>([
    ['is overloaded', errorAnswer(529, 'overloaded_error')],
    ['has an error', errorAnswer(500, 'api_error')],
    ['does not know the model', errorAnswer(404, 'not_found_error')],
    ['refuses in an unusual way', errorAnswer(409, 'conflict_error')],
    ['resets the connection', (response) => response.socket?.resetAndDestroy()],
    ['breaks before its content', streamAnswer(streamEvents().slice(0, 1))],
    [
      'tells an overload inside a 200',
      streamAnswer([`event: error\ndata: ${errorBody('overloaded_error', 'x')}\n\n`]),
    ],
  ])('the next provider serves, once, when the first %s', async (_name, script) => {
    first.always(script);
    second.always(streamAnswer());
    const seen = await call(relay.url, { body: smallBody({ stream: true }) });
    expect(seen.status).toBe(200);
    expect(seen.text).toBe(streamEvents().join(''));
    expect(seen.headers['x-cc-relay-provider']).toBe('second');
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
    expect(second.requests[0]?.body.equals(first.requests[0]?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it.each<[number, string]>([
    [401, 'authentication_error'],
    [402, 'billing_error'],
    [403, 'permission_error'],
    [429, 'rate_limit_error'],
  ])('the next key of the same provider serves after a %d', async (status, type) => {
    first.next(errorAnswer(status, type));
    const seen = await call(relay.url);
    expect(seen.text).toBe(messageBody);
    expect(keysSeen(first)).toEqual(['dummy-key-0001', 'dummy-key-0002']);
    expect(second.requests).toHaveLength(0);
  });

  it('the next provider serves when every key of the first is refused', async () => {
    first.always(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '3600' } }));
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('second');
    expect(first.requests).toHaveLength(2);
  });

  it.each([400, 413, 422])(
    'nobody else is asked after a %d: it is the request’s own fault',
    async (status) => {
      first.always(errorAnswer(status, 'invalid_request_error', { message: 'exact wording' }));
      const seen = await call(relay.url);
      expect(seen.status).toBe(status);
      expect(seen.text).toBe(errorBody('invalid_request_error', 'exact wording'));
      expect(second.requests).toHaveLength(0);
    },
  );

  it('somebody else is asked after a 400 about an empty account', async () => {
    first.always(errorAnswer(400, 'invalid_request_error', { message: 'Your credit balance is too low' }));
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('second');
  });

  it('nothing comes from another provider once an answer has begun', async () => {
    first.always(streamAnswer(streamEvents().slice(0, 4)));
    const seen = await call(relay.url, { body: smallBody({ stream: true }) });
    expect(seen.isWhole).toBe(false);
    expect(second.requests).toHaveLength(0);
  });

  it('all failing, the most useful answer goes out: an overload before a refused key', async () => {
    first.always(errorAnswer(529, 'overloaded_error', { message: 'Overloaded' }));
    second.always(errorAnswer(401, 'authentication_error'));
    const seen = await call(relay.url);
    expect(seen.status).toBe(529);
    expect(seen.text).toBe(errorBody('overloaded_error', 'Overloaded'));
  });
});
