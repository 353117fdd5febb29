import { readErrorEnvelope, type StreamError } from '../../messages/stream-watch.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import {
  classifyFailure as classifyByStatus,
  classifyStreamError as classifyByType,
} from '../anthropic/classify-failure.ts';
import type { FailedAnswer } from '../provider.ts';

/** What z.ai's business codes mean; they come with status 429 or 400 alike (protocol.md 3.2). */
const codes: ReadonlyMap<string, 'rate' | 'overload' | 'quota'> = new Map([
  ['1302', 'rate'],
  ['1305', 'overload'],
  ['1308', 'quota'],
  ['1309', 'quota'],
  ['1310', 'quota'],
  ['1113', 'quota'],
]);

/** A plan's reset without a time in the text. */
const unknownResetMs = 3_600_000;
const chinaOffset = '+08:00';

const codeInMessage = /^\[(\d{4})\]/;
const codeInJson = /"code"\s*:\s*"?(\d{4})"?/;
const timeInText = /(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})/;

/** The wait until the reset that the text names: wall-clock time in China, without saying so. */
const waitInText = (text: string, nowMs: number): number => {
  const [, day, time] = timeInText.exec(text) ?? [];
  const resetAt = Date.parse(`${day}T${time}${chinaOffset}`);
  return resetAt > nowMs ? resetAt - nowMs : unknownResetMs;
};

const byCode = (code: string | undefined, text: string, nowMs: number): AttemptFailure | undefined => {
  switch (code === undefined ? undefined : codes.get(code)) {
    case 'rate':
      return { kind: 'rate-limited', retryAfterMs: undefined };
    case 'overload':
      return { kind: 'overloaded', retryAfterMs: undefined };
    case 'quota':
      return { kind: 'quota-exhausted', retryAfterMs: waitInText(text, nowMs) };
    case undefined:
      return undefined;
  }
};

/** What an answer of z.ai means: by its business code, else by its status. */
export const classifyFailure = (answer: FailedAnswer, nowMs: number): AttemptFailure => {
  const text = answer.body.toString('utf8');
  const { message } = readErrorEnvelope(text);
  const code = codeInMessage.exec(message)?.[1] ?? codeInJson.exec(text)?.[1];
  return byCode(code, text, nowMs) ?? classifyByStatus(answer, nowMs);
};

/** What an error inside a stream means: the same codes, in its message. */
export const classifyStreamError = (error: StreamError, nowMs: number): AttemptFailure =>
  byCode(codeInMessage.exec(error.message)?.[1], error.message, nowMs) ?? classifyByType(error);
