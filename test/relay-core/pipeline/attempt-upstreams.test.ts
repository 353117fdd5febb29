import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventBus } from '../../../relay-core/event-bus.ts';
import { attemptUpstreams } from '../../../relay-core/pipeline/attempt-upstreams.ts';
import { Exchange } from '../../../relay-core/pipeline/exchange.ts';
import type { MessagesCall } from '../../../relay-core/providers/provider.ts';
import { defaultDeadlines } from '../../../relay-core/resilience/deadlines.ts';
import { NetworkWatch } from '../../../relay-core/resilience/network-watch.ts';
import { ClientReply } from '../../../relay-core/server/client-reply.ts';
import { errorBody, messageBody } from '../../support/scripted-upstream.ts';
import { seededRandom } from '../routing/ranked.ts';
import {
  type Fleet,
  fleets,
  isUsable,
  type KeyState,
  model,
  openFleet,
  type UpstreamState,
} from './fleet.ts';
import { type Script, ScriptedDispatcher } from './scripted-dispatcher.ts';

const body = Buffer.from(JSON.stringify({ model, messages: [], max_tokens: 5 }));
const modelAt = body.indexOf(`"${model}"`);

const call: MessagesCall = {
  ...{ path: '/v1/messages', headers: [], body, parsed: () => JSON.parse(body.toString('utf8')) },
  field: { model, start: modelAt, end: modelAt + model.length + 2 },
};

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const openExchange = ({ clock, admission, cooldowns, candidates }: Fleet): Exchange => {
  const random = seededRandom(1);
  const upstreamCount = () => candidates.length;
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const exchange = new Exchange(
    {
      ...{ clock, random, admission, cooldowns, log: quiet, deadlines: defaultDeadlines },
      bus: new EventBus((error) => {
        throw error;
      }),
      network: new NetworkWatch({ clock, upstreamCount, onLoss: () => {} }),
      affinity: undefined,
      hasDebugHeaders: false,
      strategyName: 'failover',
      checkContext: () => undefined,
      checkKey: (_upstream, key) => key.retire(),
    },
    new ClientReply(response, { clock, stallMs: 1000, pingEveryMs: 1000 }),
    { method: 'POST', path: '/v1/messages', requestId: undefined, sessionId: undefined },
  );
  exchange.requestBytes = body.length;
  return exchange;
};

const failing = (status: number, type: string): Script => ({
  ...{ kind: 'answers', status, body: errorBody(type, 'scripted') },
});

const nextKeyScripts = [
  failing(429, 'rate_limit_error'),
  failing(401, 'authentication_error'),
  failing(403, 'permission_error'),
  failing(402, 'billing_error'),
];
const otherScripts = [
  failing(529, 'overloaded_error'),
  failing(500, 'api_error'),
  failing(404, 'not_found_error'),
  { kind: 'unreachable' },
  { kind: 'answers', status: 200, body: '<html></html>' },
] satisfies Script[];
const success: Script = { kind: 'answers', status: 200, body: messageBody };
const giveUp = failing(400, 'invalid_request_error');

type Ran = {
  readonly fleet: Fleet;
  readonly exchange: Exchange;
  readonly materials: readonly string[];
  readonly scripts: readonly Script[];
  readonly result: Awaited<ReturnType<typeof attemptUpstreams>>;
};

type Course = {
  readonly states: readonly UpstreamState[];
  readonly scripts: readonly Script[];
  readonly maxAttempts: number;
  readonly patienceMs?: number;
  /** The attempt during which the client leaves. */
  readonly leavesAt?: number | undefined;
};

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Runs one exchange to its end; time moves on whenever nothing else does. */
const run = async ({ states, scripts, maxAttempts, patienceMs = 0, leavesAt }: Course): Promise<Ran> => {
  const played: Script[] = [];
  const dispatcher = new ScriptedDispatcher((attempt) => {
    if (attempt === leavesAt) exchange.callOff('client-left');
    const script = scripts[attempt % scripts.length] ?? success;
    played.push(script);
    return script;
  });
  const fleet = openFleet(states, { dispatcher });
  const exchange = openExchange(fleet);
  const { candidates } = fleet;
  const running = attemptUpstreams(exchange, call, { candidates, maxAttempts, patienceMs });
  let result: Ran['result'] | undefined;
  const noted = running.then((value) => {
    result = value;
  });
  for (let turn = 0; result === undefined && turn < 500; turn += 1) {
    await nextTurn();
    if (result === undefined) fleet.clock.advance(1000);
  }
  if (result === undefined) throw new Error('the exchange never came to an end');
  await noted;
  return { fleet, exchange, materials: dispatcher.materials, scripts: played, result };
};

const everyKeyState: readonly KeyState[] = [
  ...(['ready', 'ready', 'ready', 'cooling', 'short'] as const),
  ...(['quota', 'forbidden', 'checking', 'retired'] as const),
];

const courses = (...more: readonly Script[]): fc.Arbitrary<Course> =>
  fc.record({
    states: fleets(everyKeyState),
    scripts: fc.array(fc.constantFrom(...nextKeyScripts, ...otherScripts, ...more), {
      minLength: 1,
      maxLength: 12,
    }),
    maxAttempts: fc.integer({ min: 1, max: 12 }),
    leavesAt: fc.option(fc.nat(6), { nil: undefined, freq: 6 }),
  });

/** Ends what an answer still holds, as streaming it to the client would. */
const finish = ({ fleet, result }: Ran): void => {
  if (result.kind === 'answered') {
    result.target.permit.end('unknown');
    result.target.permission.report('success');
  }
  // Those that nobody could reach are reported within two seconds.
  fleet.clock.advance(2000);
};

const hasUsableKey = ({ keys, breaker }: UpstreamState): boolean =>
  breaker !== 'isolated' && keys.some(isUsable);

describe('the loop over any candidates, with any answers, in one round', () => {
  it('tries no target twice, and no more than max_attempts or one for each candidate', async () => {
    await fc.assert(
      fc.asyncProperty(courses(giveUp, success), async (course) => {
        const { materials } = await run(course);
        expect(new Set(materials).size).toBe(materials.length);
        expect(materials.length).toBeLessThanOrEqual(Math.max(course.maxAttempts, course.states.length));
      }),
    );
  });

  it('asks every candidate with a usable key, unless it was answered, given up or called off', async () => {
    await fc.assert(
      fc.asyncProperty(courses(giveUp, success), async (course) => {
        const { materials, result, scripts, exchange } = await run(course);
        if (result.kind !== 'final' || scripts.includes(giveUp) || exchange.calledOff) return;
        const asked = new Set(materials.map((material) => material.split('-')[1]));
        for (const [index, state] of course.states.entries())
          if (hasUsableKey(state)) expect(asked).toContain(String(index));
      }),
    );
  });

  it('ends with the first answer, the first that is final, or the client’s leaving', async () => {
    await fc.assert(
      fc.asyncProperty(courses(giveUp, success), async (course) => {
        const { result, scripts, exchange } = await run(course);
        expect(scripts.slice(0, -1)).not.toContain(success);
        expect(scripts.slice(0, -1)).not.toContain(giveUp);
        const last = scripts.at(-1);
        if (exchange.calledOff) expect(result.kind).toBe('called-off');
        else if (last === success) expect(result.kind).toBe('answered');
        else expect(result.kind).toBe('final');
        expect(exchange.attempts).toHaveLength(scripts.length);
      }),
    );
  });
});

const expectAllEnded = (ran: Ran): void => {
  finish(ran);
  const { fleet, materials } = ran;
  expect(fleet.inFlight().every((count) => count === 0)).toBe(true);
  const heard = fleet.breakers.flatMap((breaker) => breaker.heard);
  expect(heard).toHaveLength(materials.length);
  for (const reports of heard) expect(reports).toHaveLength(1);
  expect(fleet.clock.pendingTimers).toBe(0);
};

describe('the loop over any candidates, with any answers, in any number of rounds', () => {
  it('ends every permit and every permission exactly once, and leaves no timer', async () => {
    const patience = fc.constantFrom(0, 0, 5000, 30_000);
    await fc.assert(
      fc.asyncProperty(courses(giveUp, success), patience, async (course, patienceMs) => {
        expectAllEnded(await run({ ...course, patienceMs }));
      }),
    );
  });

  it('ends them too when the client leaves during an attempt that hangs', async () => {
    const ran = await run({
      states: [{ keys: ['ready'], breaker: 'closed' }],
      scripts: [{ kind: 'hangs' }],
      ...{ maxAttempts: 8, leavesAt: 0 },
    });
    expect(ran.result.kind).toBe('called-off');
    expectAllEnded(ran);
  });

  it('gives back the last attempt’s room only when its answer is over', async () => {
    const ran = await run({
      states: [{ keys: ['ready'], breaker: 'closed' }],
      ...{ scripts: [success], maxAttempts: 8 },
    });
    expect(ran.result.kind).toBe('answered');
    expect(ran.fleet.inFlight()).toEqual([1, 1]);
    expect(ran.fleet.breakers[0]?.heard).toEqual([[]]);
    expectAllEnded(ran);
  });

  it('tries again round after round while waiting may help, and stops when patience is over', async () => {
    const course: Course = {
      states: [{ keys: ['ready'], breaker: 'closed' }],
      ...{ scripts: [failing(529, 'overloaded_error')], maxAttempts: 8, patienceMs: 15_000 },
    };
    const ran = await run(course);
    // After 1, 2, 4 and 8 s more.
    expect(ran.materials).toHaveLength(5);
    expect(ran.result.kind).toBe('final');
    expectAllEnded(ran);
  });
});
