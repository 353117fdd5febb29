/** The error vocabulary of the Messages API (platform docs, "Errors"). */
type ApiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'overloaded_error'
  | 'timeout_error'
  | 'api_error';

type ErrorRow = {
  readonly status: number;
  readonly type: ApiErrorType;
  /** `false` tells the client that waiting will not help; absent = the client decides by status. */
  readonly shouldRetry?: false;
};

/** The one table of refusals: what the client sees for each code. */
const errorTable = {
  'foreign-host': { status: 403, type: 'permission_error', shouldRetry: false },
  'foreign-page': { status: 403, type: 'permission_error', shouldRetry: false },
  // A 401 without x-should-retry: false costs the client 11 requests over three minutes.
  unauthenticated: { status: 401, type: 'authentication_error', shouldRetry: false },
  'unknown-route': { status: 404, type: 'not_found_error', shouldRetry: false },
  'unknown-model': { status: 404, type: 'not_found_error', shouldRetry: false },
  'wrong-method': { status: 405, type: 'invalid_request_error', shouldRetry: false },
  'body-too-large': { status: 413, type: 'request_too_large', shouldRetry: false },
  'body-malformed': { status: 400, type: 'invalid_request_error', shouldRetry: false },
  'body-stalled': { status: 408, type: 'timeout_error' },
  'headers-too-large': { status: 431, type: 'request_too_large', shouldRetry: false },
  'http-malformed': { status: 400, type: 'invalid_request_error', shouldRetry: false },
  'unsupported-media': { status: 415, type: 'invalid_request_error', shouldRetry: false },
  'rate-limited': { status: 429, type: 'rate_limit_error' },
  'too-busy': { status: 529, type: 'overloaded_error' },
  'request-unsupported': { status: 400, type: 'invalid_request_error', shouldRetry: false },
  'no-candidate': { status: 503, type: 'api_error', shouldRetry: false },
  'upstream-failed': { status: 502, type: 'api_error' },
  'upstream-timeout': { status: 504, type: 'timeout_error' },
  internal: { status: 500, type: 'api_error' },
} as const satisfies Record<string, ErrorRow>;

/** Names a row of the error table. */
export type RelayErrorCode = keyof typeof errorTable;

/** What a refusal may bring along. `retryAfterSeconds` = the true wait, whole seconds. */
type RelayErrorOptions = ErrorOptions & { readonly retryAfterSeconds?: number };

/** A refusal by the relay itself. The message is shown to the client: no secret, no body text. */
export class RelayError extends Error {
  readonly code: RelayErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: RelayErrorCode, message: string, options: RelayErrorOptions = {}) {
    super(message, options);
    this.name = 'RelayError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The table's row for this error. */
  get row(): ErrorRow {
    return errorTable[this.code];
  }
}
