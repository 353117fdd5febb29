import { parseRetryAfterMs } from '../../keys/retry-after.ts';
import { findHeader } from '../../messages/header-list.ts';
import { readErrorEnvelope, type StreamError } from '../../messages/stream-watch.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import type { FailedAnswer } from '../provider.ts';

/** 400s whose fault is the account's, not the request's (protocol.md 4: credit balance, spend limit). */
const spentMessages = [
  /credit balance is too low/i,
  /spend limit/i,
  /\breached\b.*\busage limits?\b/i,
  /\busage limits?\b.*\breached\b/i,
];

const classifyBadRequest = (answer: FailedAnswer): AttemptFailure => {
  const { message } = readErrorEnvelope(answer.body.toString('utf8'));
  return spentMessages.some((pattern) => pattern.test(message))
    ? { kind: 'quota-exhausted', retryAfterMs: undefined }
    : { kind: 'invalid-request' };
};

/** What an answer of an Anthropic-format API means (protocol.md 4, "types/status"). */
export const classifyFailure = (answer: FailedAnswer, nowMs: number): AttemptFailure => {
  const retryAfterMs = parseRetryAfterMs(findHeader(answer.headers, 'retry-after'), nowMs);
  switch (answer.status) {
    case 400:
      return classifyBadRequest(answer);
    case 401:
      return { kind: 'unauthorized' };
    case 403:
      return { kind: 'forbidden' };
    case 402:
      return { kind: 'quota-exhausted', retryAfterMs };
    case 404:
      return { kind: 'model-not-found' };
    case 429:
      return { kind: 'rate-limited', retryAfterMs };
    case 529:
      return { kind: 'overloaded', retryAfterMs };
    case 413:
    case 422:
      return { kind: 'invalid-request' };
    default:
      return answer.status >= 500 || answer.status < 400 || answer.status === 408
        ? { kind: 'server-error', status: answer.status, retryAfterMs }
        : { kind: 'refused', status: answer.status };
  }
};

const retryAfterMs = undefined;
const streamErrors: ReadonlyMap<string, AttemptFailure> = new Map<string, AttemptFailure>([
  ['overloaded_error', { kind: 'overloaded', retryAfterMs }],
  ['rate_limit_error', { kind: 'rate-limited', retryAfterMs }],
  ['authentication_error', { kind: 'unauthorized' }],
  ['permission_error', { kind: 'forbidden' }],
  ['billing_error', { kind: 'quota-exhausted', retryAfterMs }],
  ['not_found_error', { kind: 'model-not-found' }],
  ['invalid_request_error', { kind: 'invalid-request' }],
  ['request_too_large', { kind: 'invalid-request' }],
  ['timeout_error', { kind: 'server-error', status: 504, retryAfterMs }],
]);

/** What an `event: error` inside a 200 means: its type says what the status could not. */
export const classifyStreamError = (error: StreamError): AttemptFailure =>
  streamErrors.get(error.type) ?? { kind: 'server-error', status: 500, retryAfterMs };
