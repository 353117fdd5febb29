import { afterEach, describe, expect, it } from 'vitest';
import { call, type SeenAnswer, smallBody } from '../support/call.ts';
import {
  errorAnswer,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const names = ['first', 'second', 'third'] as const;
const cut: Script = streamAnswer(streamEvents().slice(0, 4));

let upstreams: ScriptedUpstream[] = [];
let relay: StartedRelay;

const open = async (routing: Record<string, unknown>, timeScale = 1): Promise<void> => {
  upstreams = await Promise.all(names.map(() => ScriptedUpstream.start(streamAnswer())));
  relay = await startRelay({
    file: {
      routing: { debug: true, patience_ms: 0, ...routing },
      providers: names.map((name, index) =>
        providerAt(upstreams[index]?.url ?? '', {
          name,
          priority: 3 - index,
          weight: 1,
          keys: [{ key: `dummy-key-${name}-1` }, { key: `dummy-key-${name}-2` }],
        }),
      ),
    },
    timeScale,
  });
};

afterEach(async () => {
  await relay.stop();
  for (const upstream of upstreams) await upstream.stop();
});

type Asking = { readonly model?: string; readonly body?: object; readonly headers?: Record<string, string> };

const ask = (session: string | undefined, { model = 'claude-dummy', body = {}, headers = {} }: Asking = {}) =>
  call(relay.url, {
    body: smallBody({ model, stream: true, ...body }),
    headers: { ...(session === undefined ? {} : { 'x-claude-code-session-id': session }), ...headers },
  });

const place = ({ headers }: SeenAnswer) => headers['x-cc-relay-provider'];
const script = (name: (typeof names)[number], what: Script) => upstreams[names.indexOf(name)]?.always(what);
const next = (name: (typeof names)[number], what: Script) => upstreams[names.indexOf(name)]?.next(what);

describe('a session', () => {
  it('stays where its prompt cache is, under a strategy that takes turns', async () => {
    await open({ strategy: 'round_robin' });
    const places = new Map<string, Set<unknown>>();
    for (let turn = 0; turn < 5; turn += 1) {
      for (const session of ['one', 'two', 'three', 'four']) {
        const seen = await ask(session);
        places.set(session, (places.get(session) ?? new Set()).add(place(seen)));
        expect(seen.headers['x-cc-relay-thinking-affinity']).toBe(turn === 0 ? undefined : 'true');
        expect(seen.headers['x-cc-relay-strategy']).toBe('round_robin');
      }
    }
    expect([...places.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
    expect(new Set([...places.values()].flatMap((seen) => [...seen])).size).toBeGreaterThan(1);
  });

  it('stays with its key too', async () => {
    await open({ strategy: 'round_robin' });
    for (let turn = 0; turn < 6; turn += 1) await Promise.all([ask('one'), ask('two'), ask('three')]);
    const keysBySession = Map.groupBy(
      upstreams.flatMap(({ requests }) => requests),
      ({ headers }) => headers['x-claude-code-session-id'],
    );
    for (const requests of keysBySession.values())
      expect(new Set(requests.map(({ headers }) => headers['x-api-key'])).size).toBe(1);
  });

  it('is known from metadata.user_id where the header is missing', async () => {
    await open({ strategy: 'round_robin' });
    const body = { metadata: { user_id: JSON.stringify({ device_id: 'x', session_id: 'dummy-session' }) } };
    const places = new Set<unknown>();
    for (let turn = 0; turn < 4; turn += 1) places.add(place(await ask(undefined, { body })));
    expect(places.size).toBe(1);
  });

  it('is another one for another model', async () => {
    await open({ strategy: 'round_robin' });
    const places = new Set<unknown>();
    for (const model of ['claude-a', 'claude-b', 'claude-c']) places.add(place(await ask('one', { model })));
    expect(places.size).toBe(3);
  });

  it.each([['without a session', undefined, 'session'] as const, ['switched off', 'one', 'none'] as const])(
    'is nothing to keep %s: every request follows the strategy',
    async (_name, session, affinity) => {
      await open({ strategy: 'round_robin', affinity });
      const places: unknown[] = [];
      for (let turn = 0; turn < 6; turn += 1) places.push(place(await ask(session)));
      expect(places).toEqual([...names, ...names]);
    },
  );
});

describe('a displaced session', () => {
  it('stays with the provider that took over, and returns to the better one after five minutes', async () => {
    await open({ strategy: 'failover' }, 1000);
    expect(place(await ask('one'))).toBe('first');
    next('first', errorAnswer(529, 'overloaded_error'));
    expect(place(await ask('one'))).toBe('second');
    expect(place(await ask('one'))).toBe('second');
    expect(place(await ask('other'))).toBe('first');
    await new Promise((resolve) => setTimeout(resolve, 310));
    expect(place(await ask('one'))).toBe('first');
  });
});

describe('after a stream was cut', () => {
  it('only the next request of that session avoids the provider', async () => {
    await open({ strategy: 'failover' });
    await ask('one');
    next('first', cut);
    expect((await ask('one')).isWhole).toBe(false);
    expect(place(await ask('one'))).toBe('second');
    expect(place(await ask('one'))).toBe('first');
  });

  it('other sessions and models do not care', async () => {
    await open({ strategy: 'failover' });
    await ask('one');
    next('first', cut);
    await ask('one');
    expect(place(await ask('two'))).toBe('first');
    expect(place(await ask('one', { model: 'claude-other' }))).toBe('first');
    expect(place(await ask('one'))).toBe('second');
  });

  it('the session moves when it is cut a second time', async () => {
    await open({ strategy: 'failover' });
    await ask('one');
    script('first', cut);
    await ask('one');
    expect(place(await ask('one'))).toBe('second');
    expect((await ask('one')).isWhole).toBe(false);
    script('first', streamAnswer());
    expect(place(await ask('one'))).toBe('second');
    expect(place(await ask('one'))).toBe('second');
  });

  it('after two minutes nothing is avoided any more', async () => {
    await open({ strategy: 'failover' }, 1000);
    await ask('one');
    next('first', cut);
    await ask('one');
    await new Promise((resolve) => setTimeout(resolve, 130));
    expect(place(await ask('one'))).toBe('first');
  });
});

describe('strategies', () => {
  it('least_loaded gives work to who has least', async () => {
    await open({ strategy: 'least_loaded', affinity: 'none' });
    const slow: Script = (response, request) => setTimeout(() => streamAnswer()(response, request), 30);
    for (const name of names) script(name, slow);
    await Promise.all(Array.from({ length: 9 }, () => ask(undefined)));
    expect(upstreams.map(({ requests }) => requests.length)).toEqual([3, 3, 3]);
  });

  it('model_based asks the mapped provider, then the default, then nobody', async () => {
    await open({
      strategy: 'model_based',
      model_mapping: { 'claude-opus': 'third' },
      default_provider: 'second',
    });
    expect(place(await ask(undefined, { model: 'claude-opus-5-5' }))).toBe('third');
    expect(place(await ask(undefined, { model: 'claude-haiku-5-5' }))).toBe('second');
    script('third', errorAnswer(529, 'overloaded_error'));
    expect(place(await ask(undefined, { model: 'claude-opus-5-5' }))).toBe('second');
    script('second', errorAnswer(529, 'overloaded_error'));
    expect((await ask(undefined, { model: 'claude-opus-5-5' })).status).toBe(529);
    expect(upstreams[0]?.requests).toHaveLength(0);
  });

  it.each(['weighted_round_robin', 'shuffle', 'weighted_failover', 'round_robin'])(
    '%s spreads the work and still fails over',
    async (strategy) => {
      await open({ strategy, affinity: 'none' });
      script('second', errorAnswer(500, 'api_error'));
      const seen: SeenAnswer[] = [];
      for (let turn = 0; turn < 40; turn += 1) seen.push(await ask(undefined));
      expect(seen.every(({ status }) => status === 200)).toBe(true);
      const places = new Set(seen.map(place));
      expect([...places].toSorted()).toEqual(['first', 'third']);
    },
  );
});
