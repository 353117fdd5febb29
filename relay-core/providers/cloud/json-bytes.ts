/** Part of JSON bytes: `start` inclusive, `end` exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** One `"name": value` of an object; `start` and `end` hold name and value. */
export type Member = Span & { readonly name: string; readonly value: Span };

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
};

/** Index after the string that opens at `from`, or -1 when it never closes. */
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

const isOpening = (byte: number | undefined): boolean => byte === openBrace || byte === openBracket;
const isClosing = (byte: number | undefined): boolean => byte === closeBrace || byte === closeBracket;

const skipContainer = (bytes: Buffer, from: number): number => {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === quote) {
      at = skipString(bytes, at);
      if (at === -1) return -1;
      continue;
    }
    if (isOpening(byte)) depth += 1;
    else if (isClosing(byte)) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return -1;
};

const skipValue = (bytes: Buffer, from: number): number => {
  const first = bytes[from];
  if (first === quote) return skipString(bytes, from);
  if (isOpening(first)) return skipContainer(bytes, from);
  let at = from;
  while (at < bytes.length && bytes[at] !== comma && !isClosing(bytes[at]) && skipSpace(bytes, at) === at)
    at += 1;
  return at === from ? -1 : at;
};

const readName = (bytes: Buffer, start: number, end: number): string => {
  const raw = bytes.toString('utf8', start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    // No name that anybody looks for.
    return raw;
  }
};

const readMember = (bytes: Buffer, start: number): Member | undefined => {
  if (bytes[start] !== quote) return undefined;
  const nameEnd = skipString(bytes, start);
  if (nameEnd === -1) return undefined;
  const separator = skipSpace(bytes, nameEnd);
  if (bytes[separator] !== colon) return undefined;
  const valueStart = skipSpace(bytes, separator + 1);
  const end = skipValue(bytes, valueStart);
  if (end === -1) return undefined;
  return { name: readName(bytes, start, nameEnd), start, end, value: { start: valueStart, end } };
};

const readItem = (bytes: Buffer, start: number): Span | undefined => {
  const end = skipValue(bytes, start);
  return end === -1 ? undefined : { start, end };
};

type Kind<Part> = {
  readonly opening: number;
  readonly closing: number;
  readonly read: (bytes: Buffer, start: number) => Part | undefined;
};

const partsOf = <Part extends Span>(bytes: Buffer, from: number, kind: Kind<Part>): Part[] | undefined => {
  let at = skipSpace(bytes, from);
  if (bytes[at] !== kind.opening) return undefined;
  at = skipSpace(bytes, at + 1);
  const parts: Part[] = [];
  if (bytes[at] === kind.closing) return parts;
  for (;;) {
    const part = kind.read(bytes, at);
    if (part === undefined) return undefined;
    parts.push(part);
    at = skipSpace(bytes, part.end);
    if (bytes[at] === kind.closing) return parts;
    if (bytes[at] !== comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
};

const objectKind = { opening: openBrace, closing: closeBrace, read: readMember };
const arrayKind = { opening: openBracket, closing: closeBracket, read: readItem };

/** The members of the object that opens at `from`, in their order; undefined when there is no whole object. */
export const membersOf = (bytes: Buffer, from: number): readonly Member[] | undefined =>
  partsOf(bytes, from, objectKind);

/** The items of the array that opens at `from`; undefined when there is no whole array. */
export const itemsOf = (bytes: Buffer, from: number): readonly Span[] | undefined =>
  partsOf(bytes, from, arrayKind);
