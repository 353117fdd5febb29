import { describe, expect, it } from 'vitest';
import {
  classifyFailure,
  translateFailure,
} from '../../../../relay-core/providers/bedrock/classify-failure.ts';
import type { FailedAnswer } from '../../../../relay-core/providers/provider.ts';
import { gatewayErrors } from './bedrock-parts.ts';

const retryAfterMs = undefined;
const answer = (status: number, type: string, message: string): FailedAnswer => ({
  status,
  headers: type === '' ? [] : ['x-amzn-ErrorType', type],
  body: Buffer.from(JSON.stringify({ message })),
});
const classify = (status: number, type: string, message: string) =>
  classifyFailure(answer(status, type, message), 0);

const meanings: Readonly<Record<string, object>> = {
  '429 throttling': { kind: 'rate-limited', retryAfterMs },
  '400 validation': { kind: 'invalid-request' },
  '400 too long': { kind: 'invalid-request' },
  '400 invalid beta': { kind: 'refused', status: 400 },
  '403 access': { kind: 'forbidden' },
  '403 expired': { kind: 'unauthorized' },
  '404': { kind: 'model-not-found' },
  '424 model error': { kind: 'server-error', status: 500, retryAfterMs },
  '408 model timeout': { kind: 'server-error', status: 504, retryAfterMs },
  '503': { kind: 'overloaded', retryAfterMs },
  '500': { kind: 'server-error', status: 500, retryAfterMs },
};

describe('a failure of Bedrock', () => {
  it.each(gatewayErrors())('means what it is: $name', ({ name, mode }) => {
    const failed = {
      status: mode.status,
      headers: Object.entries(mode.headers).flat(),
      body: Buffer.from(JSON.stringify(mode.body)),
    };
    expect(classifyFailure(failed, 0)).toEqual(meanings[name]);
  });

  it.each([
    [
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      'unauthorized',
    ],
    [
      403,
      'InvalidSignatureException',
      'Signature expired: 20261120T170356Z is now earlier than',
      'unauthorized',
    ],
    [
      403,
      'AccessDeniedException',
      'Authentication failed: Please make sure your API Key is valid.',
      'unauthorized',
    ],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'model-not-found'],
    [
      ...[400, 'ValidationException'],
      'Invocation of model ID anthropic.claude-opus-5 with on-demand throughput isn’t supported. Retry with an inference profile.',
      'model-not-found',
    ],
    [400, 'ValidationException', 'Operation not allowed', 'forbidden'],
    [
      429,
      'ThrottlingException',
      'Too many tokens per day, please wait before trying again.',
      'quota-exhausted',
    ],
    [400, 'ThrottlingException:http://internal.amazon.com/coral/', 'slow down', 'rate-limited'],
    [429, 'ModelNotReadyException', 'not ready', 'overloaded'],
    [400, '', 'Malformed input request', 'invalid-request'],
    [403, '', 'no', 'forbidden'],
    [502, '', 'bad gateway', 'server-error'],
    [418, '', 'teapot', 'refused'],
  ] as [number, string, string, string][])('%i %s "%s" means %s', (...row) => {
    const [status, type, message, kind] = row;
    expect(classify(status, type, message).kind).toBe(kind);
  });

  it('is read from __type, and from an envelope of Anthropic’s, where no header says it', () => {
    const named = { __type: 'com.amazon.coral#ThrottlingException', message: 'x' };
    const body = Buffer.from(JSON.stringify(named));
    expect(classifyFailure({ status: 400, headers: [], body }, 0).kind).toBe('rate-limited');
    const inner = { type: 'error', error: { type: 'invalid_request_error', message: 'invalid beta flag' } };
    const envelope = Buffer.from(JSON.stringify(inner));
    expect(classifyFailure({ status: 400, headers: [], body: envelope }, 0).kind).toBe('refused');
  });
});

describe('a failure of Bedrock in Anthropic’s envelope', () => {
  const translate = (failed: FailedAnswer) => {
    const { status, headers, body } = translateFailure(failed);
    return { status, headers, ...JSON.parse(body.toString('utf8')) };
  };

  it('keeps the text and the request’s id', () => {
    const failed = answer(400, 'ValidationException', 'messages.1: `tool_use` ids were found without');
    const headers = [
      ...failed.headers,
      'x-amzn-RequestId',
      'abc',
      'Content-Type',
      'application/json',
      'date',
      'd',
    ];
    expect(translate({ ...failed, headers })).toEqual({
      ...{ status: 400, type: 'error' },
      headers: ['content-type', 'application/json', 'request-id', 'abc', 'date', 'd'],
      error: { type: 'invalid_request_error', message: 'messages.1: `tool_use` ids were found without' },
    });
  });

  it.each([
    [429, 'ThrottlingException', 429, 'rate_limit_error'],
    [403, 'AccessDeniedException', 403, 'permission_error'],
    [403, 'ExpiredTokenException', 403, 'authentication_error'],
    [404, 'ResourceNotFoundException', 404, 'not_found_error'],
    [424, 'ModelErrorException', 500, 'api_error'],
    [500, 'InternalServerException', 500, 'api_error'],
    [503, 'ServiceUnavailableException', 503, 'overloaded_error'],
    [413, '', 413, 'request_too_large'],
  ])('%i %s is %i %s', (...row) => {
    const [status, exception, clientStatus, type] = row;
    expect(translate(answer(status, exception, 'text'))).toMatchObject({
      status: clientStatus,
      error: { type, message: 'text' },
    });
  });

  it('says that a prompt is too long in the words on which the client compacts', () => {
    const failed = answer(400, 'ValidationException', 'Input is too long for requested model.');
    expect(translate(failed).error.message).toBe(
      'prompt is too long: Input is too long for requested model.',
    );
  });

  it('is one even for a page of HTML', () => {
    const failed = { status: 502, headers: [], body: Buffer.from('<html>Bad Gateway</html>') };
    expect(translate(failed).error).toEqual({ type: 'api_error', message: '<html>Bad Gateway</html>' });
  });
});
