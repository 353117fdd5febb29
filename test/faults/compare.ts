import { isDeepStrictEqual } from 'node:util';
import type { AttemptRecord } from '../../relay-core/contracts/records.ts';
import type { SeenAnswer } from '../support/call.ts';
import { type Expected, type ExpectedAttempt, slackMs } from './expectations.ts';
import type { FaultRun, Observed } from './observe.ts';
import { secondMessage, secondStream } from './scripts.ts';

/** Timers may fire a moment early against another clock. */
const earlyMs = 5;

const kindOf = (failure: string | undefined): string | undefined => failure?.split(':', 1)[0];

const shapeOf = ({ upstream, status, failure, mayBeBilled }: AttemptRecord) => ({
  ...{ upstream, status, failure: kindOf(failure), mayBeBilled },
});

/** Whose answer went to the client. */
export const servedBy = ({ record }: Observed): string =>
  record?.attempts.find(({ failure }) => failure === undefined)?.upstream ?? 'nobody';

/** The type of the error that the client was told, in an envelope or an event. */
export const errorTypeOf = ({ text }: SeenAnswer): string | undefined => {
  const envelope = /(?:^|event: error\ndata: )\{"type": ?"error", ?"error": ?\{"type": ?"([a-z_]+)"/.exec(
    text,
  );
  return envelope?.[1];
};

const ping = 'event: ping\ndata: {"type": "ping"}\n\n';

/** What kind of body the client got; anything unforeseen is shown. */
export const bodyOf = (seen: SeenAnswer, { request, answer }: FaultRun): string => {
  if (seen.body.equals(answer.behaviour.sent)) return 'as sent';
  if (seen.text === (request === 'stream' ? secondStream : secondMessage)) return 'the second’s';
  if (/^\{"type":"error",.*"request_id":"req_[^"]+"\}$/.test(seen.text)) return 'ours';
  if (seen.text.startsWith(ping) && /^event: error\ndata: .*\n\n$/.test(seen.text.replaceAll(ping, '')))
    return 'our event';
  return JSON.stringify(seen.text.slice(0, 200));
};

const isRetryAfter = (expected: Expected['retryAfter'], seen: string | undefined): boolean => {
  if (typeof expected !== 'object') return seen === expected;
  return /^\d+$/.test(seen ?? '') && Number(seen) >= expected.from && Number(seen) <= expected.to;
};

/** The first serves with a 200 or speaks verbatim: either way the debug header names it. */
const providerExpected = ({ body, servedBy: server }: Expected): string | undefined => {
  if (body === 'ours' || body === 'our event') return undefined;
  return server === 'second' ? 'second' : 'first';
};

const clientFacts = (expected: Expected, seen: SeenAnswer, run: FaultRun): readonly Fact[] => {
  const { headers } = seen;
  const retryAfter = headers['retry-after'];
  const hasRetryAfter = isRetryAfter(expected.retryAfter, retryAfter);
  return [
    ['status', expected.status, seen.status],
    ['body', expected.body, bodyOf(seen, run)],
    ['ending', expected.ending, seen.isWhole ? 'whole' : 'cut'],
    ['error type', expected.errorType, errorTypeOf(seen)],
    ['retry-after', hasRetryAfter ? retryAfter : expected.retryAfter, retryAfter],
    ['x-should-retry', expected.isHopeless ? 'false' : undefined, headers['x-should-retry']],
    ['provider header', providerExpected(expected), headers['x-cc-relay-provider']],
  ];
};

type Fact = readonly [name: string, expected: unknown, seen: unknown];

const recordFacts = (expected: Expected, observed: Observed): readonly Fact[] => {
  const attempts = observed.record?.attempts ?? [];
  const failed = attempts.filter(({ failure }) => failure !== undefined);
  return [
    ['records', 1, observed.recordCount],
    ['outcome', expected.outcome, observed.record?.outcome],
    ['attempts', expected.attempts satisfies readonly ExpectedAttempt[], attempts.map(shapeOf)],
    ['served by', expected.servedBy, servedBy(observed)],
    ['failed attempts told once each', failed, observed.toldFailures],
    ['failovers', expected.failovers.map((reason) => `first to second: ${reason}`), observed.failovers],
    ['requests upstream', expected.requests, observed.requests],
    ['key', expected.key === undefined ? [] : [expected.key], observed.keyEvents],
    ['second’s breaker', [], observed.opened.filter((upstream) => upstream !== 'first')],
  ];
};

const timeFacts = ({ afterMs }: Expected, { tookMs }: Observed): readonly Fact[] => {
  const isInTime = tookMs >= afterMs - earlyMs && tookMs <= afterMs + slackMs;
  const bounds = `${afterMs} to ${afterMs + slackMs} ms`;
  return [['time', bounds, isInTime ? bounds : `${Math.round(tookMs)} ms`]];
};

const show = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '–'));

/** Each difference between what should be and what was, in words; none = as expected. */
export const differencesIn = (expected: Expected, observed: Observed, run: FaultRun): readonly string[] => {
  const { seen } = observed;
  const client: readonly Fact[] = seen
    ? clientFacts(expected, seen, run)
    : [['answer', expected.status, 'none began']];
  return [...client, ...recordFacts(expected, observed), ...timeFacts(expected, observed)]
    .filter(([, wanted, found]) => !isDeepStrictEqual(wanted, found))
    .map(([name, wanted, found]) => `${name}: expected ${show(wanted)}, saw ${show(found)}`);
};
