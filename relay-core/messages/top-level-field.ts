/** Where a top-level field's value stands in JSON bytes: `start` inclusive, `end` exclusive. */
export type FieldSearch =
  | { readonly kind: 'found'; readonly start: number; readonly end: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly at: number; readonly reason: string };

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
};

/** Index after the closing quote of the string that opens at `from`, or -1 when it never closes. */
const skipString = (bytes: Buffer, from: number): number => {
  let search = from + 1;
  for (;;) {
    const end = bytes.indexOf(quote, search);
    if (end === -1) return -1;
    let before = end - 1;
    while (bytes[before] === backslash) before -= 1;
    // An even run of backslashes escapes itself, not the quote.
    if ((end - before) % 2 === 1) return end + 1;
    search = end + 1;
  }
};

const skipContainer = (bytes: Buffer, from: number): number => {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      const end = skipString(bytes, at);
      if (end === -1) return -1;
      at = end - 1;
    } else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
};

const isLiteralByte = (byte: number | undefined): boolean =>
  byte !== undefined && byte !== comma && byte !== closeBrace && byte !== closeBracket && !isSpace(byte);

const skipValue = (bytes: Buffer, from: number): number => {
  const first = bytes[from];
  if (first === quote) return skipString(bytes, from);
  if (first === openBrace || first === openBracket) return skipContainer(bytes, from);
  let at = from;
  while (isLiteralByte(bytes[at])) at += 1;
  return at === from ? -1 : at;
};

/** The text of the JSON string at `start`…`end`, or undefined when it is none. */
export const readJsonString = (bytes: Buffer, start: number, end: number): string | undefined => {
  if (bytes[start] !== quote) return undefined;
  const raw = bytes.toString('utf8', start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    const value: unknown = JSON.parse(`"${raw}"`);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
};

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
