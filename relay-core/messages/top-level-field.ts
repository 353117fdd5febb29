import {
  closeBrace,
  colon,
  comma,
  openBrace,
  quote,
  readJsonString,
  skipContainer,
  skipSpace,
  skipString,
  skipValue,
} from './json-scan.ts';

/** Where a top-level field's value stands in JSON bytes: `start` inclusive, `end` exclusive. */
export type FieldSearch =
  | { readonly kind: 'found'; readonly start: number; readonly end: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly at: number; readonly reason: string };

const malformed = (at: number, reason: string): Extract<FieldSearch, { kind: 'malformed' }> => ({
  kind: 'malformed',
  at,
  reason,
});

type Field = {
  readonly nameEnd: number;
  readonly start: number;
  readonly end: number;
};

/** Reads one `"name": value` at `at`. */
const readField = (bytes: Buffer, at: number): Field | Extract<FieldSearch, { kind: 'malformed' }> => {
  if (bytes[at] !== quote) return malformed(at, 'expected a field name');
  const nameEnd = skipString(bytes, at);
  if (nameEnd === -1) return malformed(at, 'unfinished field name');
  const separator = skipSpace(bytes, nameEnd);
  if (bytes[separator] !== colon) return malformed(separator, 'expected ":"');
  const start = skipSpace(bytes, separator + 1);
  const end = skipValue(bytes, start);
  return end === -1 ? malformed(start, 'unfinished value') : { nameEnd, start, end };
};

/** True when the bytes hold one object whose braces close at their very end: a cut one does not. */
export const isClosedObject = (bytes: Buffer): boolean => {
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== openBrace) return false;
  const end = skipContainer(bytes, start);
  return end !== -1 && skipSpace(bytes, end) === bytes.length;
};

/**
 * Finds the first top-level field called `name` without parsing the rest: reading stops at its value, so
 * bytes behind it are never judged. `malformed` means that the bytes before it are no JSON object.
 */
export const findTopLevelField = (bytes: Buffer, name: string): FieldSearch => {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== openBrace) return malformed(at, 'expected "{"');
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === closeBrace) return { kind: 'absent' };
  for (;;) {
    const field = readField(bytes, at);
    if ('kind' in field) return field;
    const { nameEnd, start, end } = field;
    if (readJsonString(bytes, at, nameEnd) === name) return { kind: 'found', start, end };
    at = skipSpace(bytes, end);
    if (bytes[at] === closeBrace) return { kind: 'absent' };
    if (bytes[at] !== comma) return malformed(at, 'expected "," or "}"');
    at = skipSpace(bytes, at + 1);
  }
};
