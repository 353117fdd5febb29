/**
 * The wait that a `retry-after` header asks for, in milliseconds: seconds or an HTTP date (RFC 9110 10.2.3).
 * Undefined for anything else; a date in the past is 0.
 */
export const parseRetryAfterMs = (value: string | undefined, nowMs: number): number | undefined => {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // Only real HTTP dates: Date.parse alone would read "5 minutes" as a year.
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
};
