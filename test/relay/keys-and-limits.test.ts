import { afterEach, describe, expect, it } from 'vitest';
import type { RelayEvent } from '../../relay-core/contracts/events.ts';
import { call, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  messageAnswer,
  messageBody,
  type Script,
  ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay;
const opened: ScriptedUpstream[] = [];

const openUpstream = async (): Promise<ScriptedUpstream> => {
  const started = await ScriptedUpstream.start();
  opened.push(started);
  return started;
};

type Opening = {
  readonly provider?: Record<string, unknown>;
  readonly routing?: Record<string, unknown>;
  readonly server?: Record<string, unknown>;
  readonly more?: readonly Record<string, unknown>[];
  readonly timeScale?: number;
};

const open = async ({ provider, routing, server = {}, more = [], timeScale = 1 }: Opening): Promise<void> => {
  upstream = await openUpstream();
  relay = await startRelay({
    file: {
      server,
      routing: { debug: true, patience_ms: 0, ...routing },
      providers: [providerAt(upstream.url, { priority: 9, ...provider }), ...more],
    },
    timeScale,
  });
};

afterEach(async () => {
  await relay.stop();
  for (const each of opened.splice(0)) await each.stop();
});

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_value, index) => make(index)));

const eventsOf = <K extends RelayEvent['kind']>(kind: K) =>
  relay.events.filter((event): event is Extract<RelayEvent, { kind: K }> => event.kind === kind);

const keysAsked = () =>
  upstream.requests.filter(({ method }) => method === 'POST').map(({ headers }) => headers['x-api-key']);

const key = (name: string, more: Record<string, unknown> = {}) => ({ key: `dummy-key-${name}`, ...more });

/** Counts what runs at the same time, and keeps each for a moment. */
const counted = (holdMs = 5) => {
  const seen = { now: 0, most: 0 };
  const script: Script = (response) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    setTimeout(() => {
      seen.now -= 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(messageBody);
    }, holdMs);
  };
  return { seen, script };
};

describe('requests per minute', () => {
  it('are kept: what is too much waits for the next minute and is served then', async () => {
    await open({ provider: { keys: [key('1', { rpm_limit: 3 })] }, timeScale: 100 });
    const seen = await times(6, () => call(relay.url));
    expect(seen.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(eventsOf('exchange-queued')).toHaveLength(3);
    for (const { outcome, waitedMs } of eventsOf('exchange-dequeued')) {
      expect(outcome).toBe('taken');
      // A minute, less what had passed of it when they came.
      expect(waitedMs).toBeGreaterThan(45_000);
    }
  });

  it('of 500 at once on one key with rpm_limit 60: 60 now, 60 a minute later, the others hear the true wait', async () => {
    await open({ provider: { keys: [key('1', { rpm_limit: 60 })] }, timeScale: 60 });
    const seen = await times(500, (index) =>
      call(relay.url, { headers: { 'x-claude-code-session-id': `session-${index % 7}` } }),
    );
    const served = seen.filter(({ status }) => status === 200);
    const refused = seen.filter(({ status }) => status === 429);
    expect(served).toHaveLength(120);
    expect(refused).toHaveLength(380);
    for (const { headers, text } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThan(60);
      expect(headers['x-should-retry']).toBe('false');
      expect(JSON.parse(text).error).toMatchObject({
        type: 'rate_limit_error',
        message: expect.stringContaining('at rate limit capacity'),
      });
    }
    expect(upstream.requests).toHaveLength(120);
  });

  it('are shared fairly: one session’s flood does not push another session to the end', async () => {
    await open({ provider: { keys: [key('1', { rpm_limit: 4 })] }, timeScale: 100 });
    const order: string[] = [];
    const ask = async (session: string) => {
      const { status } = await call(relay.url, { headers: { 'x-claude-code-session-id': session } });
      order.push(`${session} ${status}`);
    };
    await times(4, () => ask('flood'));
    const flood = times(4, () => ask('flood'));
    await relay.waitFor('exchange-queued');
    await Promise.all([flood, ask('quiet')]);
    expect(order.slice(4, 8)).toContain('quiet 200');
  });

  it('without a queue are answered at once with the wait', async () => {
    await open({ provider: { keys: [key('1', { rpm_limit: 1 })] }, routing: { queue_timeout_ms: 0 } });
    await call(relay.url);
    const seen = await call(relay.url);
    expect(seen.status).toBe(429);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(58);
    expect(Number(seen.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(seen.headers['x-should-retry']).toBeUndefined();
  });

  it('of one key do not hold up what another key or provider can serve', async () => {
    const second = await openUpstream();
    await open({
      provider: { keys: [key('1', { rpm_limit: 1 }), key('2', { rpm_limit: 1 })] },
      more: [providerAt(second.url, { name: 'second' })],
    });
    const seen = [await call(relay.url), await call(relay.url), await call(relay.url)];
    expect(seen.map(({ headers }) => headers['x-cc-relay-provider'])).toEqual([
      'scripted',
      'scripted',
      'second',
    ]);
    expect(keysAsked()).toEqual(['dummy-key-1', 'dummy-key-2']);
    expect(eventsOf('exchange-queued')).toHaveLength(0);
  });

  it('of 0 mean no limit', async () => {
    await open({ provider: { keys: [key('1', { rpm_limit: 0, tpm_limit: 0 })], max_concurrent: 0 } });
    const seen = await times(100, () => call(relay.url));
    expect(seen.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('tokens per minute', () => {
  const answering = (usage: object) => answer(200, JSON.stringify({ ...JSON.parse(messageBody), usage }));

  it('are reserved by size and settled by what the answer says it used', async () => {
    // A body of 100 bytes or so counts 30 tokens, its answer 1,000 until better is known.
    await open({ provider: { keys: [key('1', { tpm_limit: 1100 })] }, routing: { queue_timeout_ms: 0 } });
    upstream.always(answering({ input_tokens: 5, output_tokens: 5, cache_read_input_tokens: 900_000 }));
    const first = await call(relay.url);
    const second = await call(relay.url);
    expect([first.status, second.status]).toEqual([200, 200]);
    upstream.always(answering({ input_tokens: 2000, output_tokens: 5 }));
    expect((await call(relay.url)).status).toBe(200);
    const third = await call(relay.url);
    expect(third.status).toBe(429);
    expect(upstream.requests).toHaveLength(3);
  });

  it('are taken in advance: a second request does not go while the first may use them all', async () => {
    await open({ provider: { keys: [key('1', { otpm_limit: 1500 })] }, routing: { queue_timeout_ms: 0 } });
    const { script, seen } = counted(30);
    upstream.always(script);
    const statuses = (await times(3, () => call(relay.url))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 429, 429]);
    expect(seen.most).toBe(1);
  });

  it('given back after a failure that cost nothing', async () => {
    await open({ provider: { keys: [key('1', { tpm_limit: 1100 })] }, routing: { queue_timeout_ms: 0 } });
    upstream.next(errorAnswer(500, 'api_error'));
    expect((await call(relay.url)).status).toBe(500);
    expect((await call(relay.url)).status).toBe(200);
  });

  it('let a request through that is larger than the whole limit, once', async () => {
    await open({ provider: { keys: [key('1', { itpm_limit: 100 })] }, routing: { queue_timeout_ms: 0 } });
    const body = smallBody({ system: 'x'.repeat(4000) });
    upstream.always(answering({ input_tokens: 1000, output_tokens: 5 }));
    expect((await call(relay.url, { body })).status).toBe(200);
    const seen = await call(relay.url);
    expect(seen.status).toBe(429);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(300);
  });
});

describe('what runs at the same time', () => {
  it.each<[string, Opening]>([
    ['on one key', { provider: { keys: [key('1', { max_concurrent: 2 })] } }],
    ['on one provider', { provider: { max_concurrent: 2, keys: [key('1'), key('2')] } }],
    ['in the relay', { server: { max_concurrent: 2 } }],
  ])('is bounded %s: the rest waits its turn', async (_name, opening) => {
    await open(opening);
    const { seen, script } = counted();
    upstream.always(script);
    const answers = await times(20, () => call(relay.url));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(seen.most).toBe(2);
  });

  it('ends in a 529 for who waited too long', async () => {
    await open({ server: { max_concurrent: 1 }, routing: { queue_timeout_ms: 60_000 }, timeScale: 600 });
    const blocker = new AbortController();
    upstream.next(() => undefined);
    const first = call(relay.url, { signal: blocker.signal }).catch(() => undefined);
    await upstream.until(() => upstream.requests.length === 1);
    const seen = await call(relay.url);
    expect(seen.status).toBe(529);
    expect(JSON.parse(seen.text).error.type).toBe('overloaded_error');
    blocker.abort();
    await first;
    expect((await call(relay.url)).status).toBe(200);
  });

  it('frees the place of a client that left while it waited', async () => {
    await open({ server: { max_concurrent: 1 } });
    upstream.next(() => undefined);
    const [blocker, leaving] = [new AbortController(), new AbortController()];
    const first = call(relay.url, { signal: blocker.signal }).catch(() => undefined);
    await upstream.until(() => upstream.requests.length === 1);
    const second = call(relay.url, { signal: leaving.signal }).catch(() => undefined);
    await relay.waitFor('exchange-queued');
    leaving.abort();
    await second;
    await relay.waitFor('exchange-dequeued');
    blocker.abort();
    await first;
    expect((await call(relay.url)).status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('a rate-limited key', () => {
  it('rests as long as it was told, while those who come wait for it', async () => {
    await open({ timeScale: 50 });
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '20' } }));
    expect((await call(relay.url)).status).toBe(429);
    const before = performance.now();
    expect((await call(relay.url)).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(350);
    expect(eventsOf('key-cooled-down')).toMatchObject([{ reason: 'rate-limited', upstream: 'scripted' }]);
  });

  it.each<[string, Record<string, string>]>([
    ['without a time', {}],
    ['with a time of zero', { 'retry-after': '0' }],
    ['with words for a time', { 'retry-after': 'in a while' }],
  ])('%s rests 1, 2, 4 s …', async (_name, headers) => {
    await open({ timeScale: 50 });
    upstream.next(...Array.from({ length: 4 }, () => errorAnswer(429, 'rate_limit_error', { headers })));
    for (let count = 0; count < 4; count += 1) await call(relay.url);
    const rests = eventsOf('key-cooled-down').map(({ at, untilAt }) => Math.round((untilAt - at) / 1000));
    expect(rests).toEqual([1, 2, 4, 8]);
  });

  it('that named a day is not asked again today: others hear the true wait, another provider serves', async () => {
    const second = await openUpstream();
    await open({});
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '86400' } }));
    await call(relay.url);
    const seen = await call(relay.url);
    expect(seen.status).toBe(429);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(86_390);
    expect(seen.headers['x-should-retry']).toBe('false');
    expect(upstream.requests).toHaveLength(1);
    await relay.stop();
    await open({ more: [providerAt(second.url, { name: 'second' })] });
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '86400' } }));
    for (let count = 0; count < 2; count += 1)
      expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('second');
    expect(upstream.requests).toHaveLength(1);
  });

  it('rests until the reset that its headers name', async () => {
    await open({});
    const reset = new Date(Date.now() + 30_000).toISOString();
    const headers = {
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': reset,
    };
    upstream.next(errorAnswer(429, 'rate_limit_error', { headers }));
    await call(relay.url);
    const [rest] = eventsOf('key-cooled-down');
    // The vendor's own Date header, by which the distance is told, knows whole seconds only.
    expect([30, 31]).toContain(Math.round(((rest?.untilAt ?? 0) - (rest?.at ?? 0)) / 1000));
  });

  it('touches neither its siblings nor the breaker while a sibling is there', async () => {
    await open({ provider: { keys: [key('1'), key('2')], pooling: { strategy: 'round_robin' } } });
    upstream.always((response, request) =>
      request.headers['x-api-key'] === 'dummy-key-1'
        ? errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '600' } })(response, request)
        : messageAnswer()(response, request),
    );
    const seen = await times(12, () => call(relay.url));
    expect(seen.every(({ status }) => status === 200)).toBe(true);
    expect(eventsOf('breaker-changed')).toHaveLength(0);
    expect((await call(relay.url)).headers['x-cc-relay-keys-available']).toBe('1');
  });
});

describe('a key that is used up by its headers', () => {
  it('is left alone until it has refilled', async () => {
    await open({ routing: { queue_timeout_ms: 0 } });
    const headers = {
      'anthropic-ratelimit-requests-limit': '1',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': new Date(Date.now() + 20_000).toISOString(),
    };
    upstream.always(answer(200, messageBody, headers));
    expect((await call(relay.url)).status).toBe(200);
    const seen = await call(relay.url);
    expect(seen.status).toBe(429);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(17);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a refused key', () => {
  const refuse =
    (name: string): Script =>
    (response, request) =>
      request.headers['x-api-key'] === `dummy-key-${name}`
        ? errorAnswer(401, 'authentication_error')(response, request)
        : messageAnswer()(response, request);

  it('is out for good once a free request has confirmed it, and back when the user says so', async () => {
    await open({ provider: { keys: [key('1'), key('2')], pooling: { strategy: 'round_robin' } } });
    upstream.always(refuse('1'));
    expect((await call(relay.url)).status).toBe(200);
    const retired = await relay.waitFor('key-retired');
    expect(upstream.requests.find(({ method }) => method === 'GET')?.url).toBe('/v1/models?limit=1');
    for (let count = 0; count < 4; count += 1) await call(relay.url);
    expect(keysAsked().filter((asked) => asked === 'dummy-key-1')).toHaveLength(1);
    upstream.always(messageAnswer());
    expect(relay.relay.control.restoreKey('scripted', retired.keyId)).toBe(true);
    for (let count = 0; count < 2; count += 1) await call(relay.url);
    expect(keysAsked().filter((asked) => asked === 'dummy-key-1')).toHaveLength(2);
  });

  it('all of them: the first client hears the vendor, the next one what to do', async () => {
    await open({});
    upstream.always(errorAnswer(401, 'authentication_error'));
    const first = await call(relay.url);
    expect([first.status, first.headers['x-should-retry']]).toEqual([401, 'false']);
    await relay.waitFor('key-retired');
    const next = await call(relay.url);
    expect([next.status, next.headers['x-should-retry']]).toEqual([503, 'false']);
    expect(next.text).toContain('out until you replace it');
  });

  it('that the free request accepts stays in service as a last resort', async () => {
    await open({});
    upstream.always((response, request) =>
      request.method === 'GET'
        ? answer(200, '{"data":[]}')(response, request)
        : errorAnswer(401, 'authentication_error')(response, request),
    );
    await call(relay.url);
    await relay.waitFor('key-cooled-down');
    expect((await call(relay.url)).status).toBe(401);
    expect(eventsOf('key-retired')).toHaveLength(0);
  });

  it('with 403 is kept from that model, not from others', async () => {
    await open({ provider: { keys: [key('1'), key('2')], pooling: { strategy: 'round_robin' } } });
    upstream.always((response, request) =>
      request.headers['x-api-key'] === 'dummy-key-1' && request.body.includes('claude-secret')
        ? errorAnswer(403, 'permission_error')(response, request)
        : messageAnswer()(response, request),
    );
    for (let count = 0; count < 4; count += 1)
      expect((await call(relay.url, { body: smallBody({ model: 'claude-secret' }) })).status).toBe(200);
    expect(keysAsked()).toEqual(['dummy-key-1', ...Array(4).fill('dummy-key-2')]);
    await call(relay.url);
    expect(keysAsked().at(-1)).toBe('dummy-key-1');
  });

  it('whose money is spent is asked only when nobody else is left', async () => {
    await open({ provider: { keys: [key('1'), key('2')], pooling: { strategy: 'round_robin' } } });
    upstream.next(errorAnswer(402, 'billing_error'));
    for (let count = 0; count < 3; count += 1) await call(relay.url);
    expect(keysAsked()).toEqual(['dummy-key-1', 'dummy-key-2', 'dummy-key-2', 'dummy-key-2']);
  });
});
