import type { ExchangeOutcome } from '../../relay-core/contracts/records.ts';
import type { Failing, KeyFate, LastWord, Passing } from './courses.ts';
import type { FaultyAnswer, Place } from './fault.ts';

/** One attempt as the record should show it. `failure` is its kind; absent = it gave the answer. */
export type ExpectedAttempt = {
  readonly upstream: 'first' | 'second';
  readonly status: number | undefined;
  readonly failure: string | undefined;
  readonly mayBeBilled: boolean;
};

/** Everything that should be seen of one case, from both of its ends. */
export type Expected = {
  readonly status: number;
  readonly body: 'as sent' | 'the second’s' | 'ours' | 'our event';
  /** `cut`: the connection closed without the terminating chunk. */
  readonly ending: 'whole' | 'cut';
  readonly errorType: string | undefined;
  readonly retryAfter: LastWord['retryAfter'];
  readonly isHopeless: boolean;
  readonly servedBy: 'first' | 'second' | 'nobody';
  readonly outcome: ExchangeOutcome;
  /** Reason of each failover from the first to the second. */
  readonly failovers: readonly string[];
  readonly attempts: readonly ExpectedAttempt[];
  readonly requests: { readonly first: number; readonly second: number };
  /** Failures that the first's breaker counted; the second's never counts one. */
  readonly countedFailures: number;
  readonly key: KeyFate | undefined;
  readonly afterMs: number;
};

/** Beyond `afterMs` an exchange may take so long on a busy machine; more counts as hanging. */
export const slackMs = 3_000;

const calm = {
  ending: 'whole',
  errorType: undefined,
  retryAfter: undefined,
  isHopeless: false,
  failovers: [],
  countedFailures: 0,
  key: undefined,
  afterMs: 0,
} as const;

const answering = (upstream: 'first' | 'second'): ExpectedAttempt => ({
  upstream,
  status: 200,
  failure: undefined,
  mayBeBilled: false,
});

const failing = ({ failure, status, mayBeBilled }: Failing): ExpectedAttempt => ({
  upstream: 'first',
  status,
  failure,
  mayBeBilled,
});

/** Before content the second upstream serves, once, and the client notices nothing. */
const servedBySecond = (course: Failing, isDeaf: boolean): Expected => ({
  ...calm,
  status: 200,
  body: 'the second’s',
  servedBy: 'second',
  outcome: 'completed',
  failovers: [course.failure],
  attempts: [failing(course), answering('second')],
  requests: { first: isDeaf ? 0 : 1, second: 1 },
  countedFailures: course.isCounted ? 1 : 0,
  key: course.key,
  afterMs: course.attemptMs,
});

const lastWord = (course: Failing, isDeaf: boolean): Expected => {
  const { alone } = course;
  const { status, body, errorType, attempts, afterMs, retryAfter, isHopeless = false } = alone;
  return {
    ...calm,
    status,
    body: body === 'verbatim' ? 'as sent' : body,
    errorType,
    retryAfter,
    isHopeless,
    servedBy: 'nobody',
    outcome: body === 'verbatim' ? 'upstream-error' : 'refused',
    attempts: Array.from({ length: attempts }, () => failing(course)),
    requests: { first: isDeaf ? 0 : attempts, second: 0 },
    countedFailures: course.isCounted ? attempts : 0,
    key: course.key,
    afterMs,
  };
};

/** The first's answer reaches the client, in whatever state: nobody else is asked. */
const fromFirst = (course: Passing): Expected => {
  const begun = {
    ...calm,
    status: 200,
    body: 'as sent',
    servedBy: 'first',
    attempts: [answering('first')],
    requests: { first: 1, second: 0 },
  } as const;
  switch (course.kind) {
    case 'serves':
      return { ...begun, outcome: 'completed' };
    case 'breaks':
      return { ...begun, ending: 'cut', outcome: 'broken', countedFailures: 1, afterMs: course.afterMs };
    case 'tells':
      return { ...begun, errorType: course.errorType, outcome: 'broken', countedFailures: 1 };
    case 'final': {
      const { status, errorType } = course;
      const attempts: ExpectedAttempt[] = [
        { upstream: 'first', status, failure: 'invalid-request', mayBeBilled: false },
      ];
      return { ...begun, status, errorType, servedBy: 'nobody', outcome: 'upstream-error', attempts };
    }
  }
};

/** The rules of behaviour.md 1 and 4, applied to one case. */
export const expectationFor = ({ behaviour, course }: FaultyAnswer, place: Place): Expected => {
  if (course.kind !== 'fails') return fromFirst(course);
  return place === 'only' ? lastWord(course, behaviour.isDeaf) : servedBySecond(course, behaviour.isDeaf);
};
