import { describe, expect, it } from 'vitest';
import {
  type AttemptFailure,
  isTransient,
  requestedWaitMs,
} from '../../../relay-core/resilience/attempt-failure.ts';

const serverError = (status: number): AttemptFailure => ({
  kind: 'server-error',
  status,
  retryAfterMs: undefined,
});

describe('a failure that the same request may outlive soon', () => {
  it.each<AttemptFailure>([
    { kind: 'unreachable', detail: 'connection refused' },
    { kind: 'overloaded', retryAfterMs: undefined },
    { kind: 'overloaded', retryAfterMs: 3000 },
    { kind: 'rate-limited', retryAfterMs: undefined },
    { kind: 'rate-limited', retryAfterMs: 0 },
    { kind: 'rate-limited', retryAfterMs: 60_000 },
    serverError(502),
    serverError(503),
    serverError(504),
  ])('is %j', (failure) => {
    expect(isTransient(failure)).toBe(true);
  });

  it.each<AttemptFailure>([
    { kind: 'rate-limited', retryAfterMs: 60_001 },
    serverError(500),
    serverError(501),
    serverError(505),
    serverError(408),
    serverError(302),
    { kind: 'timeout', detail: 'no answer' },
    { kind: 'quota-exhausted', retryAfterMs: undefined },
    { kind: 'quota-exhausted', retryAfterMs: 1000 },
    { kind: 'unauthorized' },
    { kind: 'model-not-found' },
    { kind: 'invalid-request' },
    { kind: 'refused', status: 409 },
    { kind: 'stream-broken', detail: 'cut' },
  ])('is not %j', (failure) => {
    expect(isTransient(failure)).toBe(false);
  });
});

describe('the wait that a failure asks for', () => {
  it.each<AttemptFailure>([
    { kind: 'rate-limited', retryAfterMs: 1500 },
    { kind: 'quota-exhausted', retryAfterMs: 1500 },
    { kind: 'overloaded', retryAfterMs: 1500 },
    { kind: 'server-error', status: 503, retryAfterMs: 1500 },
  ])('is what the upstream named: %j', (failure) => {
    expect(requestedWaitMs(failure)).toBe(1500);
  });

  it.each<AttemptFailure>([
    { kind: 'rate-limited', retryAfterMs: undefined },
    { kind: 'unreachable', detail: '' },
    { kind: 'timeout', detail: '' },
    { kind: 'unauthorized' },
    { kind: 'model-not-found' },
    { kind: 'invalid-request' },
    { kind: 'refused', status: 409 },
    { kind: 'stream-broken', detail: '' },
  ])('is unknown where none was named: %j', (failure) => {
    expect(requestedWaitMs(failure)).toBeUndefined();
  });
});
