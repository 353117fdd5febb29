import { afterEach, describe, expect, it } from 'vitest';
import { call, type SeenAnswer, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  errorBody,
  messageAnswer,
  type Script,
  ScriptedUpstream,
  type SeenRequest,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const sessions = 100;
const turns = 6;
const names = ['first', 'second', 'third'] as const;

/** Everything that may go wrong before content, none of which a client may notice while somebody else can serve. */
const faults: readonly Script[] = [
  errorAnswer(529, 'overloaded_error'),
  errorAnswer(500, 'api_error'),
  errorAnswer(503, 'api_error'),
  errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '1' } }),
  errorAnswer(404, 'not_found_error'),
  errorAnswer(403, 'permission_error'),
  answer(502, '<html>Bad gateway</html>', { 'content-type': 'text/html' }),
  answer(200, ''),
  (response) => response.socket?.resetAndDestroy(),
  streamAnswer(streamEvents().slice(0, 1)),
  streamAnswer([`event: error\ndata: ${errorBody('overloaded_error', 'x')}\n\n`]),
];

/** A small generator of its own: the same story in every run. */
const createRandom = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** For each request: which provider fails it, and how; at least one is well. */
type Fate = ReadonlyMap<string, Script>;

const drawFates = (): readonly Fate[] => {
  const random = createRandom(20_261_120);
  return Array.from({ length: sessions * turns }, () => {
    const healthy = random(3);
    return new Map(
      names.flatMap((name, index) => {
        const fault = faults[random(faults.length)];
        return index === healthy || random(3) === 0 || fault === undefined ? [] : [[name, fault] as const];
      }),
    );
  });
};

const fates = drawFates();
let upstreams: ScriptedUpstream[] = [];
let relay: StartedRelay;

const idOf = ({ body }: SeenRequest): number => Number(/"max_tokens":(\d+)/.exec(body.toString())?.[1]);

const open = async (strategy: string, keysEach: number): Promise<void> => {
  upstreams = await Promise.all(
    names.map((name) =>
      ScriptedUpstream.start((response, request) => {
        const script = request.method === 'POST' ? fates[idOf(request)]?.get(name) : undefined;
        const isStream = request.body.includes('"stream":true');
        return (script ?? (isStream ? streamAnswer() : messageAnswer()))(response, request);
      }),
    ),
  );
  relay = await startRelay({
    file: {
      routing: { strategy, max_attempts: 12 },
      providers: names.map((name, index) =>
        providerAt(upstreams[index]?.url ?? '', {
          name,
          keys: Array.from({ length: keysEach }, (_value, at) => ({ key: `dummy-key-${name}-${at}` })),
        }),
      ),
    },
    timeScale: 20,
  });
};

afterEach(async () => {
  await relay.stop();
  for (const upstream of upstreams) await upstream.stop();
});

const runSession = async (session: number): Promise<readonly SeenAnswer[]> => {
  const seen: SeenAnswer[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const body = smallBody({ max_tokens: session * turns + turn, stream: turn % 3 !== 2 });
    const headers = { 'x-claude-code-session-id': `session-${session}` };
    seen.push(await call(relay.url, { body, headers }));
  }
  return seen;
};

describe('100 sessions side by side over three flaky providers', () => {
  it.each([
    ['round_robin', 2],
    ['shuffle', 1],
    ['failover', 1],
  ])('lose no request that any of them could have served (%s, keys each: %d)', async (strategy, keysEach) => {
    await open(strategy, keysEach);
    const seen = (
      await Promise.all(Array.from({ length: sessions }, (_value, index) => runSession(index)))
    ).flat();
    const lost = seen.flatMap(({ status, isWhole, text }, index) =>
      status === 200 && isWhole ? [] : [`${index} ${status} ${text.slice(0, 200)}`],
    );
    expect(lost).toEqual([]);
    expect(seen).toHaveLength(sessions * turns);
    const records = relay.events.flatMap((event) =>
      event.kind === 'exchange-completed' ? [event.record] : [],
    );
    expect(new Set(records.map(({ id }) => id)).size).toBe(sessions * turns);
    expect(records.every(({ outcome }) => outcome === 'completed')).toBe(true);
    // Each attempt is one request upstream, and each is on the record once.
    const asked = upstreams.flatMap(({ requests }) => requests).filter(({ method }) => method === 'POST');
    expect(records.flatMap(({ attempts }) => attempts)).toHaveLength(asked.length);
  });
});
