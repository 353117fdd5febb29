import {
  closeBrace,
  closeBracket,
  colon,
  comma,
  openBrace,
  openBracket,
  quote,
  readJsonString,
  skipSpace,
  skipString,
  skipValue,
} from '../../messages/json-scan.ts';

/** Part of JSON bytes: `start` inclusive, `end` exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** One `"name": value` of an object; `start` and `end` hold name and value. */
export type Member = Span & { readonly name: string; readonly value: Span };

/** A name that cannot be read is none that anybody looks for. */
const readName = (bytes: Buffer, start: number, end: number): string =>
  readJsonString(bytes, start, end) ?? '';

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
