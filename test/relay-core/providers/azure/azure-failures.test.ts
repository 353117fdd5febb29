import { describe, expect, it } from 'vitest';
import { createAzureAdapter } from '../../../../relay-core/providers/azure/azure.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { configOf } from '../vertex/cloud-case.ts';

const adapter = createAzureAdapter({
  config: configOf({ azureResourceName: 'r' }, { type: 'azure' }),
  env: {},
  clock: new FakeClock(),
});

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const retryAfterMs = undefined;
const azure = (code: string, message = 'scripted') => ({ error: { code, message } });
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } });
const answerOf = (status: number, body: unknown, headers: readonly string[] = []) => ({
  status,
  headers: ['Content-Type', 'application/json', 'apim-request-id', 'r1', ...headers],
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const classify = (status: number, body: unknown, headers?: readonly string[]) =>
  adapter.classifyFailure(answerOf(status, body, headers), nowMs);

describe('what an answer of Azure means', () => {
  it.each([
    [429, azure('429'), { kind: 'rate-limited', retryAfterMs }],
    [429, azure('TooManyRequests'), { kind: 'rate-limited', retryAfterMs }],
    [401, azure('401'), { kind: 'unauthorized' }],
    [401, azure('PermissionDenied'), { kind: 'forbidden' }],
    [401, { statusCode: 401, message: 'Access denied' }, { kind: 'unauthorized' }],
    [404, azure('DeploymentNotFound'), { kind: 'model-not-found' }],
    [400, azure('DeploymentNotFound'), { kind: 'model-not-found' }],
    [404, azure('404', 'Resource not found'), { kind: 'model-not-found' }],
    [403, azure('403'), { kind: 'forbidden' }],
    [400, azure('BadRequest'), { kind: 'invalid-request' }],
    [400, anthropic('invalid_request_error', 'prompt is too long'), { kind: 'invalid-request' }],
    [529, anthropic('overloaded_error', 'Overloaded'), { kind: 'overloaded', retryAfterMs }],
    [503, '<html>', { kind: 'server-error', status: 503, retryAfterMs }],
  ])('%i %j', (...[status, body, failure]) => {
    expect(classify(status, body)).toEqual(failure);
  });

  it('takes the wait from the header, else from the text', () => {
    const body = azure('429', 'Requests have exceeded token rate limit. Please retry after 9 seconds.');
    expect(classify(429, body)).toEqual({ kind: 'rate-limited', retryAfterMs: 9000 });
    expect(classify(429, body, ['retry-after', '4'])).toEqual({ kind: 'rate-limited', retryAfterMs: 4000 });
  });
});

describe('what the client sees of it', () => {
  it.each([
    [429, azure('429', 'slow down'), 'rate_limit_error', 'slow down'],
    [401, azure('401', 'Access denied'), 'authentication_error', 'Access denied'],
    [401, { statusCode: 401, message: 'Access denied' }, 'authentication_error', 'Access denied'],
    [404, azure('DeploymentNotFound', 'does not exist'), 'not_found_error', 'does not exist'],
    [400, azure('BadRequest', 'bad'), 'invalid_request_error', 'bad'],
    [409, azure('Conflict', 'bad'), 'invalid_request_error', 'bad'],
    [503, '<html>', 'api_error', 'Azure AI Foundry answered 503'],
  ])('%i %j', (...[status, body, type, message]) => {
    const seen = adapter.translateFailure?.(answerOf(status, body));
    expect(JSON.parse(seen?.body.toString() ?? '')).toEqual({ type: 'error', error: { type, message } });
    expect(seen?.status).toBe(status);
    expect(seen?.headers).toEqual(['apim-request-id', 'r1', 'content-type', 'application/json']);
  });

  it('passes what Anthropic says as it came', () => {
    const answer = answerOf(
      400,
      anthropic('invalid_request_error', 'prompt is too long: 2 tokens > 1 maximum'),
    );
    expect(adapter.translateFailure?.(answer)).toBe(answer);
  });

  it.each([
    ['unauthorized', /az login/],
    ['forbidden', /Cognitive Services User/],
    ['model-not-found', /no deployment "claude-x" there: .*azure_deployment_id or model_mapping/],
  ] as const)('says what to do when it is %s', (...[kind, words]) => {
    expect(adapter.remedyFor?.({ kind }, { model: 'claude-x', baseUrl: '' })).toMatch(words);
  });
});
