// Walks over JSON bytes without parsing them. Bytes inside strings are never taken for structure.

export const quote = 0x22;
const backslash = 0x5c;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const comma = 0x2c;
export const colon = 0x3a;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Index of the first byte at or behind `from` that is no white space. */
export const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
};

/** Index after the closing quote of the string that opens at `from`, or -1 when it never closes. */
export const skipString = (bytes: Buffer, from: number): number => {
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

/** Index after the object or array that opens at `from`, or -1 when it never closes. */
export const skipContainer = (bytes: Buffer, from: number): number => {
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

/** Index after the value that begins at `from`, or -1 when there is none. */
export const skipValue = (bytes: Buffer, from: number): number => {
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
