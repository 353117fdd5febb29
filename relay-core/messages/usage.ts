import type { TokenUsage } from '../contracts/records.ts';
import { isJsonObject } from './json-object.ts';
import { findTopLevelField } from './top-level-field.ts';

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const countIn = (
  usage: Readonly<Record<string, unknown>>,
  name: string,
  before: number | undefined,
): number => {
  const count = usage[name];
  return typeof count === 'number' && count >= 0 && Number.isFinite(count) ? count : (before ?? 0);
};

/** A `usage` object (protocol.md 4) over what was known before: its counts are cumulative, absent ones stay. */
const mergeUsage = (usage: unknown, before: TokenUsage | undefined): TokenUsage | undefined => {
  if (!isJsonObject(usage)) return before;
  return {
    inputTokens: countIn(usage, 'input_tokens', before?.inputTokens),
    outputTokens: countIn(usage, 'output_tokens', before?.outputTokens),
    cacheWriteTokens: countIn(usage, 'cache_creation_input_tokens', before?.cacheWriteTokens),
    cacheReadTokens: countIn(usage, 'cache_read_input_tokens', before?.cacheReadTokens),
  };
};

/** The usage that a whole JSON answer names; undefined when it names none. */
export const usageInBody = (body: Buffer): TokenUsage | undefined => {
  const field = findTopLevelField(body, 'usage');
  if (field.kind !== 'found') return undefined;
  return mergeUsage(parse(body.toString('utf8', field.start, field.end)), undefined);
};

/** The usage known after a stream's `message_start` or `message_delta`, given its data and what was known before. */
export const usageInEvent = (data: string, before: TokenUsage | undefined): TokenUsage | undefined => {
  if (!data.includes('"usage"')) return before;
  const event = parse(data);
  if (!isJsonObject(event)) return before;
  // message_start carries it inside its message, message_delta beside its delta.
  return mergeUsage(isJsonObject(event.message) ? event.message.usage : event.usage, before);
};
