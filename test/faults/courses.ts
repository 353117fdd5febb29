import type { AttemptFailure } from '../../relay-core/resilience/attempt-failure.ts';

/** What a client of a single faulty upstream gets in the end. */
export type LastWord = {
  readonly status: number;
  /** The upstream's bytes, an envelope of the relay's, or an event of the relay's behind its pings. */
  readonly body: 'verbatim' | 'ours' | 'our event';
  readonly errorType?: string;
  /** Rounds until then. */
  readonly attempts: number;
  /** Not before. */
  readonly afterMs: number;
  /** As it should stand in the answer; a range of seconds where time runs on meanwhile. */
  readonly retryAfter?: string | { readonly from: number; readonly to: number };
  readonly isHopeless?: boolean;
};

/** What becomes of the key that was used (behaviour.md 3). */
export type KeyFate = 'retired' | 'rate-limited' | 'quota-exhausted' | 'forbidden';

/** Nothing has reached the client: somebody else may be asked. */
export type Failing = {
  readonly kind: 'fails';
  readonly failure: AttemptFailure['kind'];
  /** The upstream's status in the record; absent when none came. */
  readonly status?: number;
  /** The request had gone out whole and its answer was lost. */
  readonly mayBeBilled: boolean;
  /** By the circuit breaker. */
  readonly isCounted: boolean;
  /** What it takes until the attempt has failed. */
  readonly attemptMs: number;
  readonly key?: KeyFate;
  readonly alone: LastWord;
};

/** The first upstream's answer goes to the client, in whatever state. */
export type Passing =
  /** The upstream's answer is the request's own fault: verbatim, and nobody else is asked. */
  | { readonly kind: 'final'; readonly status: number; readonly errorType: string }
  /** The answer has begun: the client gets every byte that came, then sees the connection break. */
  | { readonly kind: 'breaks'; readonly afterMs: number }
  /** The answer has begun, and the upstream's own error event ends it. */
  | { readonly kind: 'tells'; readonly errorType: string }
  /** No fault to the client: the answer passes as it came. */
  | { readonly kind: 'serves' };

/** What should come of an exchange whose first attempt meets the fault (behaviour.md 1 and 4). */
export type Course = Failing | Passing;

const oneMoreRound = { attempts: 2, afterMs: 1_000 };
const atOnce = { attempts: 1, afterMs: 0 };

const ourUpstreamFailed: LastWord = { status: 502, body: 'ours', errorType: 'api_error', ...atOnce };

/** The upstream could not be reached, or its connection closed before an answer: tried again after a second. */
export const unreachable: Failing = {
  kind: 'fails',
  failure: 'unreachable',
  mayBeBilled: false,
  isCounted: true,
  attemptMs: 0,
  alone: { ...ourUpstreamFailed, ...oneMoreRound },
};

/** The same where the connection took `attemptMs` to fail and no patience is left. */
export const unreachableAfter = (attemptMs: number): Failing => ({
  ...unreachable,
  attemptMs,
  alone: { ...ourUpstreamFailed, afterMs: attemptMs },
});

/** No headers within `first_byte_ms`. */
export const timedOutAfter = (attemptMs: number): Failing => ({
  kind: 'fails',
  failure: 'timeout',
  mayBeBilled: true,
  isCounted: true,
  attemptMs,
  alone: { status: 504, body: 'ours', errorType: 'timeout_error', attempts: 1, afterMs: attemptMs },
});

/** A 200 that is no answer: cut before its content, empty, HTML, an error in disguise. */
export const noAnswerAfter = (attemptMs: number): Failing => ({
  kind: 'fails',
  failure: 'stream-broken',
  status: 200,
  mayBeBilled: true,
  isCounted: true,
  attemptMs,
  alone: { ...ourUpstreamFailed, afterMs: attemptMs },
});

export const noAnswer: Failing = noAnswerAfter(0);

/** What an upstream says no with. */
export type Refusal = Pick<Failing, 'failure' | 'isCounted'> & {
  readonly status: number;
  readonly errorType?: string;
  readonly key?: KeyFate;
};

/** The upstream says no: alone, its own words go out, at once. */
export const refused = (
  { status, errorType, ...rest }: Refusal,
  more: Partial<LastWord> = {},
): Failing & { readonly status: number } => ({
  kind: 'fails',
  status,
  mayBeBilled: false,
  attemptMs: 0,
  ...rest,
  alone: { status, body: 'verbatim', ...(errorType ? { errorType } : {}), ...atOnce, ...more },
});

/** The same where the upstream may be well again any moment: alone, it is asked once more after a second. */
export const refusedForNow = (refusal: Refusal, more: Partial<LastWord> = {}): Failing =>
  refused(refusal, { ...oneMoreRound, ...more });
