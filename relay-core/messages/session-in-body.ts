import { isJsonObject } from './json-object.ts';
import { readJsonString } from './json-scan.ts';
import { findTopLevelField } from './top-level-field.ts';

const sane = /^[\x21-\x7e]{1,128}$/;
/** Claude Code before 2.1 wrote one flat string. */
const flatSession = /_session_([\w-]{1,128})$/;

const sessionInUserId = (userId: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(userId);
    return isJsonObject(parsed) && typeof parsed.session_id === 'string' ? parsed.session_id : undefined;
  } catch {
    return flatSession.exec(userId)?.[1];
  }
};

/**
 * The conversation that a request's `metadata.user_id` names (protocol.md 1.4): a JSON string with `session_id`.
 * Undefined where there is none. Reads up to `metadata`, which stands behind the messages.
 */
export const sessionInBody = (body: Buffer): string | undefined => {
  const metadata = findTopLevelField(body, 'metadata');
  if (metadata.kind !== 'found') return undefined;
  const inner = body.subarray(metadata.start, metadata.end);
  const userId = findTopLevelField(inner, 'user_id');
  if (userId.kind !== 'found') return undefined;
  const session = sessionInUserId(readJsonString(inner, userId.start, userId.end) ?? '');
  return session !== undefined && sane.test(session) ? session : undefined;
};
