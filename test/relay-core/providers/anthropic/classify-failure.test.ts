import { describe, expect, it } from 'vitest';
import {
  classifyFailure,
  classifyStreamError,
} from '../../../../relay-core/providers/anthropic/classify-failure.ts';
import { errorBody } from '../../../support/scripted-upstream.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
type Answer = { readonly body?: string; readonly headers?: readonly string[] };
const classify = (status: number, { body = '', headers = [] }: Answer = {}) =>
  classifyFailure({ status, headers, body: Buffer.from(body) }, nowMs);
const badRequest = (message: string) => classify(400, { body: errorBody('invalid_request_error', message) });
const retryAfterMs = undefined;

describe('an answer of an Anthropic-format API', () => {
  it.each([
    [400, 'invalid_request_error', { kind: 'invalid-request' }],
    [401, 'authentication_error', { kind: 'unauthorized' }],
    [402, 'billing_error', { kind: 'quota-exhausted', retryAfterMs }],
    [403, 'permission_error', { kind: 'forbidden' }],
    [404, 'not_found_error', { kind: 'model-not-found' }],
    [409, 'conflict_error', { kind: 'refused', status: 409 }],
    [413, 'request_too_large', { kind: 'invalid-request' }],
    [422, 'invalid_request_error', { kind: 'invalid-request' }],
    [429, 'rate_limit_error', { kind: 'rate-limited', retryAfterMs }],
    [500, 'api_error', { kind: 'server-error', status: 500, retryAfterMs }],
    [504, 'timeout_error', { kind: 'server-error', status: 504, retryAfterMs }],
    [529, 'overloaded_error', { kind: 'overloaded', retryAfterMs }],
  ])('with %i %s is judged by its status', (status, type, failure) => {
    expect(classify(status, { body: errorBody(type, 'scripted') })).toEqual(failure);
  });

  it.each([501, 502, 503, 505, 520, 524, 530, 599])('with %i is the server’s fault', (status) => {
    expect(classify(status, { body: '<html>' })).toEqual({ kind: 'server-error', status, retryAfterMs });
  });

  it('with 408 is the server’s fault: it did not wait for the request', () => {
    expect(classify(408)).toEqual({ kind: 'server-error', status: 408, retryAfterMs });
  });

  it.each([300, 301, 302, 303, 304, 307, 308])('with the redirect %i is the server’s fault', (status) => {
    expect(classify(status, { headers: ['location', 'https://example.com/'] })).toEqual({
      kind: 'server-error',
      status,
      retryAfterMs,
    });
  });

  it.each([405, 410, 415, 417, 418, 424, 425, 431, 451])(
    'with %i, which the API does not document, is a refusal that another upstream may not share',
    (status) => {
      expect(classify(status)).toEqual({ kind: 'refused', status });
    },
  );

  it.each([402, 429, 503, 529])('with %i and a retry-after asks for that wait', (status) => {
    expect(classify(status, { headers: ['Retry-After', '7'] })).toMatchObject({ retryAfterMs: 7000 });
    expect(classify(status, { headers: ['retry-after', 'Fri, 20 Nov 2026 12:00:30 GMT'] })).toMatchObject({
      retryAfterMs: 30_000,
    });
    expect(classify(status, { headers: ['retry-after', 'soon'] })).toMatchObject({ retryAfterMs: undefined });
  });

  it.each([400, 401, 403, 404, 413])('with %i asks for no wait, whatever its headers say', (status) => {
    expect(classify(status, { headers: ['retry-after', '7'] })).not.toHaveProperty('retryAfterMs');
  });

  it('with a 429 whose body speaks of the credit balance is still a rate limit', () => {
    const body = errorBody('rate_limit_error', 'Your credit balance is too low');
    expect(classify(429, { body }).kind).toBe('rate-limited');
  });
});

describe('a 400 whose fault is the account’s', () => {
  it.each([
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    'YOUR CREDIT BALANCE IS TOO LOW',
    'This organization has reached its spend limit.',
    'The usage limit of this workspace is reached.',
  ])('is an exhausted quota: %s', (message) => {
    expect(badRequest(message)).toEqual({ kind: 'quota-exhausted', retryAfterMs });
  });

  // The wording in github.com/anthropics/claude-code/issues/2127 and 38035.
  it.each([
    'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
    'You have reached your specified workspace API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
  ])('is an exhausted quota: %s', (message) => {
    expect(badRequest(message)).toEqual({ kind: 'quota-exhausted', retryAfterMs });
  });

  it.each([
    'max_tokens: Field required',
    'prompt is too long: 210000 tokens > 200000 maximum',
    'Invalid signature in thinking block',
    'messages: text content blocks must be non-empty',
  ])('is not %s', (message) => {
    expect(badRequest(message)).toEqual({ kind: 'invalid-request' });
  });

  it.each(['', '<html>credit balance is too low</html>', '{"error":"credit balance is too low"}', 'null'])(
    'is not a body without an error message: %j',
    (body) => {
      expect(classify(400, { body })).toEqual({ kind: 'invalid-request' });
    },
  );

  it('is not a request that only quotes those words elsewhere', () => {
    const body = JSON.stringify({ error: { message: 'bad' }, input: 'credit balance is too low' });
    expect(classify(400, { body })).toEqual({ kind: 'invalid-request' });
  });
});

describe('an error event inside a 200', () => {
  it.each([
    ['overloaded_error', { kind: 'overloaded', retryAfterMs }],
    ['rate_limit_error', { kind: 'rate-limited', retryAfterMs }],
    ['authentication_error', { kind: 'unauthorized' }],
    ['permission_error', { kind: 'forbidden' }],
    ['billing_error', { kind: 'quota-exhausted', retryAfterMs }],
    ['not_found_error', { kind: 'model-not-found' }],
    ['invalid_request_error', { kind: 'invalid-request' }],
    ['request_too_large', { kind: 'invalid-request' }],
    ['api_error', { kind: 'server-error', status: 500, retryAfterMs }],
    ['something_new', { kind: 'server-error', status: 500, retryAfterMs }],
    ['', { kind: 'server-error', status: 500, retryAfterMs }],
  ])('of type %j is judged by its type', (type, failure) => {
    expect(classifyStreamError({ type, message: '' })).toEqual(failure);
  });

  it('of type timeout_error is a 504, as its status would be', () => {
    expect(classifyStreamError({ type: 'timeout_error', message: '' })).toEqual({
      kind: 'server-error',
      status: 504,
      retryAfterMs,
    });
  });

  // Names that every object inherits.
  it.each(['toString', 'constructor', '__proto__'])('of the hostile type %s is still a failure', (type) => {
    expect(classifyStreamError({ type, message: '' })).toEqual({
      kind: 'server-error',
      status: 500,
      retryAfterMs,
    });
  });
});
