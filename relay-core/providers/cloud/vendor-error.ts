import { dropHeaders } from '../../messages/header-list.ts';
import type { FailedAnswer } from '../provider.ts';

/** What a cloud's error body says, as far as it could be read; texts are empty where it says nothing. */
export type VendorError = {
  /** Anthropic's own `error.type`; undefined = the body is not in its envelope. */
  readonly anthropicType: string | undefined;
  /** Azure's code, as text: `429`, `DeploymentNotFound`. */
  readonly code: string;
  /** Google's status: `RESOURCE_EXHAUSTED`. */
  readonly status: string;
  readonly message: string;
  readonly details: readonly unknown[];
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

const parse = (body: Buffer): unknown => {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    // Google answers streams with an array of one.
    return Array.isArray(parsed) ? parsed[0] : parsed;
  } catch {
    return undefined;
  }
};

/** Reads an error body in Google's, Azure's or Anthropic's shape. */
export const readVendorError = (body: Buffer): VendorError => {
  const parsed = parse(body);
  const outer = isRecord(parsed) ? parsed : {};
  // API Management itself answers without the inner object.
  const inner = isRecord(outer.error) ? outer.error : outer;
  const isAnthropic = outer.type === 'error' && typeof inner.type === 'string';
  return {
    anthropicType: isAnthropic ? textOf(inner.type) : undefined,
    code: textOf(inner.code ?? inner.statusCode),
    status: textOf(inner.status),
    message: textOf(inner.message),
    details: Array.isArray(inner.details) ? inner.details : [],
  };
};

const typesByStatus: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [408, 'timeout_error'],
  [413, 'request_too_large'],
  [422, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

const typeOf = (status: number): string =>
  typesByStatus.get(status) ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error');

const tooLong = /^input is too long/i;

/** Headers that speak of the bytes that were there before. */
const bodyHeaders: ReadonlySet<string> = new Set(['content-length', 'content-type', 'content-encoding']);

/** A cloud's error in Anthropic's envelope, its status and message kept; what is in it already passes as it came. */
export const translateVendorError = (answer: FailedAnswer, vendor: string): FailedAnswer => {
  const { anthropicType, message } = readVendorError(answer.body);
  const isTooLong = tooLong.test(message);
  if (anthropicType !== undefined && !isTooLong) return answer;
  const words = message === '' ? `${vendor} answered ${answer.status}` : message;
  const error = {
    type: anthropicType ?? typeOf(answer.status),
    // Claude Code shortens a conversation only at these words.
    message: isTooLong ? `prompt is too long: ${words}` : words,
  };
  const kept = dropHeaders(answer.headers, (name) => bodyHeaders.has(name.toLowerCase()));
  return {
    status: answer.status,
    headers: [...kept, 'content-type', 'application/json'],
    body: Buffer.from(JSON.stringify({ type: 'error', error })),
  };
};
