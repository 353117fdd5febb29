import type { RelayEvent } from '../../relay-core/contracts/events.ts';
import type { AttemptRecord, ExchangeRecord } from '../../relay-core/contracts/records.ts';
import { call, type SeenAnswer, smallBody } from '../support/call.ts';
import { answer, ScriptedUpstream, streamAnswer } from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';
import {
  type Fault,
  type FaultyAnswer,
  type FaultyUpstream,
  type Place,
  type RequestKind,
  usualPatienceMs,
} from './fault.ts';
import { secondMessage, secondStream } from './scripts.ts';

/** One exchange that meets a fault. */
export type FaultRun = {
  readonly fault: Fault;
  readonly request: RequestKind;
  readonly place: Place;
  readonly answer: FaultyAnswer;
  /** `failure_threshold` of the circuit breakers. */
  readonly threshold: number;
};

/** What was seen of it. */
export type Observed = {
  /** Undefined = no answer began within `hangingMs`. */
  readonly seen: SeenAnswer | undefined;
  readonly tookMs: number;
  readonly record: ExchangeRecord | undefined;
  /** How many exchanges were recorded; any number but one is wrong. */
  readonly recordCount: number;
  readonly toldFailures: readonly AttemptRecord[];
  readonly failovers: readonly string[];
  readonly keyEvents: readonly string[];
  /** Upstreams whose breaker opened. */
  readonly opened: readonly string[];
  readonly requests: { readonly first: number; readonly second: number };
};

/** Whatever takes longer hangs. */
const hangingMs = 10_000;

const startSecond = (request: RequestKind): Promise<ScriptedUpstream> =>
  ScriptedUpstream.start(request === 'stream' ? streamAnswer([secondStream]) : answer(200, secondMessage));

/** Starts a relay and its upstreams, sends one request, and ends them all. */
export const observe = async (run: FaultRun): Promise<Observed> => {
  const first = await run.answer.behaviour.start();
  const second = await startSecond(run.request);
  try {
    const relay = await startRelay(setUp(run, first, second));
    try {
      return await exchange(run, relay, () => ({
        first: first.messageCount(),
        second: second.requests.length,
      }));
    } finally {
      await relay.stop();
    }
  } finally {
    await first.stop();
    await second.stop();
  }
};

const setUp = ({ fault, place, threshold }: FaultRun, first: FaultyUpstream, second: ScriptedUpstream) => {
  const { timeouts = {}, patienceMs = usualPatienceMs, deadlines = {} } = fault;
  const faulty = providerAt(first.url, { name: 'first', priority: 2, timeouts });
  const healthy = providerAt(second.url, { name: 'second', priority: 1 });
  return {
    file: {
      routing: { debug: true, patience_ms: patienceMs },
      health: {
        circuit_breaker: { failure_threshold: threshold },
        health_check: { enabled: false },
      },
      providers: place === 'only' ? [faulty] : [healthy, faulty],
    },
    deadlines,
  };
};

const exchange = async (
  { request, answer: { course } }: FaultRun,
  relay: StartedRelay,
  countRequests: () => Observed['requests'],
): Promise<Observed> => {
  const startedAt = performance.now();
  const body = smallBody(request === 'stream' ? { stream: true } : {});
  const giveUp = AbortSignal.timeout(hangingMs);
  const seen = await call(relay.url, { body, signal: giveUp }).catch(() => undefined);
  const tookMs = performance.now() - startedAt;
  const gaveUp = new Promise<void>((resolve) => giveUp.addEventListener('abort', () => resolve()));
  await Promise.race([gaveUp, relay.waitFor('exchange-completed')]);
  // A refused key is confirmed in the background.
  if (course.kind === 'fails' && course.key === 'retired')
    await Promise.race([gaveUp, relay.waitFor('key-retired')]);
  const records = relay.events.flatMap((event) =>
    event.kind === 'exchange-completed' ? [event.record] : [],
  );
  return {
    seen,
    tookMs,
    record: records[0],
    recordCount: records.length,
    ...readEvents(relay.events),
    requests: countRequests(),
  };
};

const readEvents = (events: readonly RelayEvent[]) => ({
  toldFailures: events.flatMap((event) => (event.kind === 'attempt-failed' ? [event.attempt] : [])),
  failovers: events.flatMap((event) =>
    event.kind === 'failed-over' ? [`${event.from} to ${event.to}: ${event.reason}`] : [],
  ),
  keyEvents: [...new Set(events.flatMap(keyEvent))],
  opened: events.flatMap((event) =>
    event.kind === 'breaker-changed' && event.state === 'open' ? [event.upstream] : [],
  ),
});

const keyEvent = (event: RelayEvent): string | [] => {
  if (event.kind === 'key-retired') return 'retired';
  return event.kind === 'key-cooled-down' ? event.reason : [];
};
