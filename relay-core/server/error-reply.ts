import type { RelayError } from '../errors.ts';
import type { HeaderList } from '../messages/header-list.ts';

/** An error of the relay in Anthropic's envelope (protocol.md 4), ready to be written. */
export type ErrorReply = { readonly status: number; readonly headers: HeaderList; readonly body: Buffer };

/** The envelope's text; `requestId` also goes out as the `request-id` header. */
const errorEnvelope = (error: RelayError, requestId: string): string =>
  JSON.stringify({
    type: 'error',
    error: { type: error.row.type, message: error.message },
    request_id: requestId,
  });

/** Names the relay in its own answers, so that a second one finding the port taken can say by whom. */
export const serverName = 'cc-relay';

const longestWaitSeconds = 60;

/** Builds the answer for a refusal. */
export const errorReply = (error: RelayError, requestId: string): ErrorReply => {
  const body = Buffer.from(errorEnvelope(error, requestId));
  const { status, shouldRetry } = error.row;
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)];
  headers.push('request-id', requestId, 'server', serverName);
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds));
  // Claude Code fails at once on more than a minute; other clients are told not to wait either.
  const isHopeless = shouldRetry === false || (retryAfterSeconds ?? 0) > longestWaitSeconds;
  if (isHopeless) headers.push('x-should-retry', 'false');
  return { status, headers, body };
};

/** The same error as an event of a stream whose 200 is already out. */
export const errorEvent = (error: RelayError, requestId: string): Buffer =>
  Buffer.from(`event: error\ndata: ${errorEnvelope(error, requestId)}\n\n`);
