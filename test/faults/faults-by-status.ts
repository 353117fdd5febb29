import { answer, errorBody } from '../support/scripted-upstream.ts';
import { scripted } from './behaviours.ts';
import { type Course, type LastWord, type Refusal, refused, refusedForNow } from './courses.ts';
import { type Fault, type FaultGroup, forBoth } from './fault.ts';
import { errorEnvelope, html, wholeAnswer } from './scripts.ts';

const envelope = (status: number, errorType: string, course: Course): Fault => ({
  name: String(status),
  ...forBoth(errorEnvelope(status, errorType), course),
});

// No waiting mends a configured key: clients would ask eleven times.
const isHopeless = true;

const isCounted = true;

/** A refusal that is the account's or the request's fault, not the upstream's. */
const uncounted = (refusal: Omit<Refusal, 'isCounted'>, more: Partial<LastWord> = {}): Course =>
  refused({ ...refusal, isCounted: false }, more);

const refusals: readonly Fault[] = [
  envelope(
    401,
    'authentication_error',
    uncounted(
      { status: 401, failure: 'unauthorized', errorType: 'authentication_error', key: 'retired' },
      { isHopeless },
    ),
  ),
  envelope(
    402,
    'billing_error',
    uncounted(
      { status: 402, failure: 'quota-exhausted', errorType: 'billing_error', key: 'quota-exhausted' },
      { isHopeless },
    ),
  ),
  envelope(
    403,
    'permission_error',
    uncounted(
      { status: 403, failure: 'forbidden', errorType: 'permission_error', key: 'forbidden' },
      { isHopeless },
    ),
  ),
  {
    ...envelope(
      404,
      'not_found_error',
      uncounted({ status: 404, failure: 'model-not-found', errorType: 'not_found_error' }),
    ),
    name: '404 model',
  },
  envelope(413, 'request_too_large', { kind: 'final', status: 413, errorType: 'request_too_large' }),
];

const limited: Refusal = {
  status: 429,
  failure: 'rate-limited',
  errorType: 'rate_limit_error',
  // It was the last key that this upstream has.
  isCounted,
  key: 'rate-limited',
};

const rateLimit = (name: string, retryAfter: string, course: Course): Fault => ({
  name,
  ...forBoth(errorEnvelope(429, 'rate_limit_error', { 'retry-after': retryAfter }), course),
});

const inHalfAMinute = 30;
const limitedUntilDate: Partial<LastWord> = {
  // The date's own seconds are whole, ours are not.
  retryAfter: { from: inHalfAMinute - 1, to: inHalfAMinute },
};

const datedBody = errorBody('rate_limit_error', 'scripted 429');
const datedAnswer = scripted((response, request) => {
  const date = new Date(Date.now() + inHalfAMinute * 1000).toUTCString();
  return answer(429, datedBody, { 'retry-after': date })(response, request);
}, datedBody);

const rateLimits: readonly Fault[] = [
  {
    name: '429 without a time',
    ...forBoth(errorEnvelope(429, 'rate_limit_error'), refusedForNow(limited)),
  },
  {
    ...rateLimit('429, retry-after 1', '1', refusedForNow(limited, { retryAfter: '1' })),
    // Every round comes after one second here: room for one of them.
    patienceMs: 1_900,
  },
  rateLimit('429, retry-after 300', '300', refused(limited, { retryAfter: '300', isHopeless })),
  {
    name: '429, retry-after a date (30 s)',
    ...forBoth(datedAnswer, refused(limited, limitedUntilDate)),
  },
  // Words name no wait: they pass as they came, and clients overlook them.
  rateLimit('429, retry-after in words', 'soon', refusedForNow(limited, { retryAfter: 'soon' })),
];

const badGateway = '<html><head><title>502 Bad Gateway</title></head></html>';
const serverErrors: readonly Fault[] = [
  envelope(
    500,
    'api_error',
    refused({ status: 500, failure: 'server-error', errorType: 'api_error', isCounted }),
  ),
  {
    name: '502 with HTML',
    ...forBoth(
      wholeAnswer(502, badGateway, html),
      refusedForNow({ status: 502, failure: 'server-error', isCounted }),
    ),
  },
  envelope(
    503,
    'api_error',
    refusedForNow({ status: 503, failure: 'server-error', errorType: 'api_error', isCounted }),
  ),
  envelope(
    529,
    'overloaded_error',
    refusedForNow({ status: 529, failure: 'overloaded', errorType: 'overloaded_error', isCounted }),
  ),
];

/** The upstream answers, and says no. */
export const byStatus: readonly FaultGroup[] = [
  { name: 'refused', faults: refusals },
  { name: 'rate-limited', faults: rateLimits },
  { name: 'server errors', faults: serverErrors },
];
