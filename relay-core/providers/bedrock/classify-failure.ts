import { parseRetryAfterMs } from '../../keys/retry-after.ts';
import { findHeader } from '../../messages/header-list.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyFailure as classifyByStatus } from '../anthropic/classify-failure.ts';
import type { FailedAnswer } from '../provider.ts';
import { answerHeaders } from './answer-headers.ts';
import { errorEnvelope, errorTypeOf } from './error-text.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const parsed = (body: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
};

/** The text of an AWS error, or of an Anthropic envelope that the model itself answered with. */
const messageOf = (body: Readonly<Record<string, unknown>>): string => {
  const inner = isRecord(body.error) ? body.error.message : undefined;
  const message = body.message ?? body.Message ?? inner;
  return typeof message === 'string' ? message : '';
};

/** `ThrottlingException:http://internal…` and `com.amazon…#ThrottlingException` alike as `throttlingexception`. */
const exceptionOf = (answer: FailedAnswer, body: Readonly<Record<string, unknown>>): string => {
  const named = findHeader(answer.headers, 'x-amzn-errortype') ?? body.__type;
  if (typeof named !== 'string') return '';
  const [first = ''] = named.split(':');
  return first.slice(first.lastIndexOf('#') + 1).toLowerCase();
};

const unknownModel =
  /on-demand throughput isn.t supported|model identifier is invalid|inference profile .*not found/i;
const notForAccount = /operation not allowed|use case details/i;
const refusedKey = /authentication failed|api key|bearer token/i;
const dayIsSpent = /per day/i;
const invalidBeta = /invalid beta flag/i;

/** True for the 400 that refuses a beta without naming it. */
export const isInvalidBeta = (answer: FailedAnswer): boolean =>
  answer.status === 400 && invalidBeta.test(messageOf(parsed(answer.body)));

const classifyValidation = (message: string): AttemptFailure => {
  if (unknownModel.test(message)) return { kind: 'model-not-found' };
  if (notForAccount.test(message)) return { kind: 'forbidden' };
  // The dialect's fault, not the client's: another upstream may well take the request.
  if (invalidBeta.test(message)) return { kind: 'refused', status: 400 };
  return { kind: 'invalid-request' };
};

/** What an answer of Bedrock means: by its exception's name, else by its status (protocol.md 2.3). */
export const classifyFailure = (answer: FailedAnswer, nowMs: number): AttemptFailure => {
  const body = parsed(answer.body);
  const message = messageOf(body);
  const retryAfterMs = parseRetryAfterMs(findHeader(answer.headers, 'retry-after'), nowMs);
  switch (exceptionOf(answer, body)) {
    case 'throttlingexception':
      return { kind: dayIsSpent.test(message) ? 'quota-exhausted' : 'rate-limited', retryAfterMs };
    case 'servicequotaexceededexception':
      return { kind: 'quota-exhausted', retryAfterMs };
    case 'modelnotreadyexception':
    case 'serviceunavailableexception':
      return { kind: 'overloaded', retryAfterMs };
    case 'modeltimeoutexception':
      return { kind: 'server-error', status: 504, retryAfterMs };
    case 'modelerrorexception':
    case 'internalserverexception':
    case 'internalfailure':
      return { kind: 'server-error', status: 500, retryAfterMs };
    case 'accessdeniedexception':
      return { kind: refusedKey.test(message) ? 'unauthorized' : 'forbidden' };
    case 'expiredtokenexception':
    case 'expiredtoken':
    case 'unrecognizedclientexception':
    case 'invalidclienttokenid':
    case 'invalidsignatureexception':
    case 'signaturedoesnotmatch':
    case 'incompletesignature':
    case 'missingauthenticationtokenexception':
    case 'requestexpired':
      return { kind: 'unauthorized' };
    case 'resourcenotfoundexception':
      return { kind: 'model-not-found' };
    case 'validationexception':
      return classifyValidation(message);
    default:
      return answer.status === 400 ? classifyValidation(message) : classifyByStatus(answer, nowMs);
  }
};

/** Anthropic's type for a status, where the exception says nothing. */
const typeByStatus: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
]);
/** 424 is AWS's own way to say that the model failed: clients know it as no failure to try again. */
const clientStatus = (status: number): number => (status === 424 ? 500 : status);

/** An answer of Bedrock in Anthropic's envelope, its text kept. */
export const translateFailure = (answer: FailedAnswer): FailedAnswer => {
  const body = parsed(answer.body);
  const message = messageOf(body) || answer.body.toString('utf8').slice(0, 500) || 'no reason given';
  const type = errorTypeOf(exceptionOf(answer, body)) ?? typeByStatus.get(answer.status) ?? 'api_error';
  return {
    status: clientStatus(answer.status),
    headers: answerHeaders(answer.headers, 'application/json'),
    body: Buffer.from(errorEnvelope(type, message)),
  };
};
