import { describe, expect, it } from 'vitest';
import { createVertexAdapter } from '../../../../relay-core/providers/vertex/vertex.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { configOf } from './cloud-case.ts';

const adapter = createVertexAdapter({
  config: configOf({ gcpProjectId: 'p', gcpRegion: 'us-east5' }),
  env: {},
  clock: new FakeClock(),
  postForm: () => Promise.reject(new Error('unused')),
});

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const retryAfterMs = undefined;
const google = (code: number, status: string, message = 'scripted') => ({
  error: { code, message, status },
});
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } });
const answerOf = (status: number, body: unknown, headers: readonly string[] = []) => ({
  status,
  headers: ['content-type', 'application/json; charset=UTF-8', 'content-length', '1', ...headers],
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const classify = (status: number, body: unknown, headers?: readonly string[]) =>
  adapter.classifyFailure(answerOf(status, body, headers), nowMs);
const translate = (status: number, body: unknown) => adapter.translateFailure?.(answerOf(status, body));

describe('what an answer of Vertex AI means', () => {
  it.each([
    [429, google(429, 'RESOURCE_EXHAUSTED'), { kind: 'rate-limited', retryAfterMs }],
    [429, [google(429, 'RESOURCE_EXHAUSTED')], { kind: 'rate-limited', retryAfterMs }],
    [401, google(401, 'UNAUTHENTICATED'), { kind: 'unauthorized' }],
    [403, google(403, 'PERMISSION_DENIED'), { kind: 'forbidden' }],
    [404, google(404, 'NOT_FOUND', 'Publisher Model not found'), { kind: 'model-not-found' }],
    [400, google(400, 'INVALID_ARGUMENT'), { kind: 'invalid-request' }],
    [
      400,
      google(400, 'FAILED_PRECONDITION', 'Publisher Model is not servable in region us-east5.'),
      { kind: 'model-not-found' },
    ],
    [400, google(400, 'FAILED_PRECONDITION', 'The project is not allowed'), { kind: 'forbidden' }],
    [499, google(499, 'CANCELLED'), { kind: 'server-error', status: 499, retryAfterMs }],
    [503, google(503, 'UNAVAILABLE'), { kind: 'server-error', status: 503, retryAfterMs }],
    [504, google(504, 'DEADLINE_EXCEEDED'), { kind: 'server-error', status: 504, retryAfterMs }],
    [529, anthropic('overloaded_error', 'Overloaded'), { kind: 'overloaded', retryAfterMs }],
    [400, anthropic('invalid_request_error', 'prompt is too long'), { kind: 'invalid-request' }],
    [
      400,
      anthropic('invalid_request_error', 'Unexpected value(s) `x` for the `anthropic-beta` header.'),
      { kind: 'refused', status: 400 },
    ],
    [502, '<html>', { kind: 'server-error', status: 502, retryAfterMs }],
  ])('%i %j', (status, body, failure) => {
    expect(classify(status, body)).toEqual(failure);
  });

  it('takes the wait from the header, else from RetryInfo', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }];
    const body = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x', details } };
    expect(classify(429, body)).toEqual({ kind: 'rate-limited', retryAfterMs: 12_500 });
    expect(classify(429, body, ['retry-after', '7'])).toEqual({ kind: 'rate-limited', retryAfterMs: 7000 });
  });
});

describe('what the client sees of it', () => {
  it.each([
    [429, google(429, 'RESOURCE_EXHAUSTED', 'Resource exhausted'), 'rate_limit_error', 'Resource exhausted'],
    [429, [google(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded')], 'rate_limit_error', 'Quota exceeded'],
    [
      404,
      google(404, 'NOT_FOUND', 'Publisher Model not found'),
      'not_found_error',
      'Publisher Model not found',
    ],
    [400, google(400, 'INVALID_ARGUMENT', 'bad'), 'invalid_request_error', 'bad'],
    [
      400,
      google(400, 'INVALID_ARGUMENT', 'Input is too long.'),
      'invalid_request_error',
      'prompt is too long: Input is too long.',
    ],
    [403, google(403, 'PERMISSION_DENIED', 'no'), 'permission_error', 'no'],
    [401, google(401, 'UNAUTHENTICATED', 'no'), 'authentication_error', 'no'],
    [503, google(503, 'UNAVAILABLE', 'later'), 'api_error', 'later'],
    [502, '<html>', 'api_error', 'Vertex AI answered 502'],
    [404, '', 'not_found_error', 'Vertex AI answered 404'],
  ])('%i %j', (...[status, body, type, message]) => {
    const seen = translate(status, body);
    expect(JSON.parse(seen?.body.toString() ?? '')).toEqual({ type: 'error', error: { type, message } });
    expect(seen?.status).toBe(status);
    expect(seen?.headers).toEqual(['content-type', 'application/json']);
  });

  it('passes what Anthropic says as it came', () => {
    const answer = answerOf(
      400,
      anthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    );
    expect(adapter.translateFailure?.(answer)).toBe(answer);
  });

  it.each([
    ['unauthorized', /gcloud auth application-default login/],
    ['forbidden', /Vertex AI User/],
    ['model-not-found', /"claude-x" is not served in us-east5/],
  ] as const)('says what to do when it is %s', (kind, words) => {
    expect(adapter.remedyFor?.({ kind }, { model: 'claude-x', baseUrl: '' })).toMatch(words);
  });
});
