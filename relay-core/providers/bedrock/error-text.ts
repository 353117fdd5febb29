/** Which of Anthropic's error types an AWS exception is (protocol.md 2.3), by its name in lower case. */
const types: ReadonlyMap<string, string> = new Map([
  ['throttlingexception', 'rate_limit_error'],
  ['servicequotaexceededexception', 'rate_limit_error'],
  ['serviceunavailableexception', 'overloaded_error'],
  ['modelnotreadyexception', 'overloaded_error'],
  ['modeltimeoutexception', 'overloaded_error'],
  ['validationexception', 'invalid_request_error'],
  ['accessdeniedexception', 'permission_error'],
  ['expiredtokenexception', 'authentication_error'],
  ['unrecognizedclientexception', 'authentication_error'],
  ['resourcenotfoundexception', 'not_found_error'],
]);

/** Anthropic's type for an AWS exception; undefined = nobody knows it better than as `api_error`. */
export const errorTypeOf = (exception: string): string | undefined => types.get(exception.toLowerCase());

/** A prompt beyond the model's window, in Bedrock's words. */
const tooLong = /^input is too long/i;

/** The text as Anthropic's clients can act on it: Claude Code compacts on this wording only. */
const clientText = (message: string): string =>
  tooLong.test(message) ? `prompt is too long: ${message}` : message;

/** An error in Anthropic's envelope. */
export const errorEnvelope = (type: string, message: string): string =>
  JSON.stringify({ type: 'error', error: { type, message: clientText(message) } });
