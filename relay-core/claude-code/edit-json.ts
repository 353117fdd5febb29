/**
 * Edits of single properties in a valid JSON text. Everything else stays byte for byte; what is inserted
 * looks like its neighbours, and removing an inserted property gives the old text back.
 */
import { type JsonObject, type JsonProperty, readObject } from './json-text.ts';

/** A property as text: `raw` is the JSON text of its value. */
export type RawProperty = { readonly key: string; readonly raw: string };

/** The text between two offsets replaced. */
export const splice = (text: string, [start, end]: readonly [number, number], insert: string): string =>
  text.slice(0, start) + insert + text.slice(end);

/** The JSON text of a property's value, as written. */
export const rawValue = (text: string, property: JsonProperty): string =>
  text.slice(property.valueStart, property.end);

const lineBreak = /\r\n|\n|\r/;
const lastLineStart = /(?:\r\n|\n|\r)[ \t]*$/;

/** What stands before an object's property: the white space after its brace or the comma. */
function leadBefore(text: string, object: JsonObject, index: number): string {
  const property = object.properties[index];
  if (property === undefined) return '';
  const previous = object.properties[index - 1];
  if (previous === undefined) return text.slice(object.start + 1, property.start);
  return text.slice(text.indexOf(',', previous.end) + 1, property.start);
}

function colonOf(text: string, property: JsonProperty | undefined): string {
  const written = property === undefined ? ': ' : text.slice(property.keyEnd, property.valueStart);
  return lineBreak.test(written) ? ': ' : written;
}

const indentationOfLine = (text: string, offset: number): string =>
  /(?:^\uFEFF?|[\r\n])([ \t]*)[^\r\n]*$/.exec(text.slice(0, offset))?.[1] ?? '';

/** One level of indentation, as the first property of the root shows it. */
function indentationUnit(text: string, root: JsonObject): string {
  const lead = lastLineStart.exec(leadBefore(text, root, 0))?.[0];
  return lead === undefined
    ? '  '
    : lead.replace(/[\r\n]/g, '').slice(indentationOfLine(text, root.start).length);
}

function fillEmpty(text: string, object: JsonObject, property: RawProperty): string {
  const root = readObject(text, []) ?? object;
  const member = JSON.stringify(property.key) + colonOf(text, root.properties[0]) + property.raw;
  const inside: readonly [number, number] = [object.start + 1, object.end - 1];
  if (root.properties.length > 0 && !lineBreak.test(text.slice(root.start, root.end))) {
    const padding = leadBefore(text, root, 0);
    return splice(text, inside, padding + member + padding);
  }
  const newLine = lineBreak.exec(text)?.[0] ?? '\n';
  const indentation = indentationOfLine(text, object.start);
  const inner = newLine + indentation + indentationUnit(text, root) + member;
  return splice(text, inside, inner + newLine + indentation);
}

/** Adds a property at the end of the object at `path`, which must exist and must not have the key. */
export function insertProperty(text: string, path: readonly string[], property: RawProperty): string {
  const object = readObject(text, path);
  const last = object?.properties.at(-1);
  if (object === undefined) return text;
  if (last === undefined) return fillEmpty(text, object, property);
  const lead = leadBefore(text, object, object.properties.length - 1);
  // Blank lines before the neighbour are not copied.
  const separator = `,${lastLineStart.exec(lead)?.[0] ?? lead}`;
  const member = JSON.stringify(property.key) + colonOf(text, last) + property.raw;
  return splice(text, [last.end, last.end], separator + member);
}

/** Replaces the value of a property by a JSON text; without that property nothing changes. */
export function replaceValue(text: string, path: readonly string[], property: RawProperty): string {
  const found = readObject(text, path)?.properties.find(({ key }) => key === property.key);
  return found === undefined ? text : splice(text, [found.valueStart, found.end], property.raw);
}

/** Where a property and the comma it needs begin and end: what its removal takes away. */
export function spanOf(object: JsonObject, key: string): readonly [number, number] | undefined {
  const index = object.properties.findIndex((property) => property.key === key);
  const property = object.properties[index];
  if (property === undefined) return undefined;
  const previous = object.properties[index - 1];
  if (previous !== undefined) return [previous.end, property.end];
  const next = object.properties[index + 1];
  return next === undefined ? [object.start + 1, object.end - 1] : [property.start, next.start];
}

/** Removes a property; an object that is empty then contains only the white space `emptied`. */
export function removeProperty(
  text: string,
  path: readonly string[],
  { key, emptied = '' }: { readonly key: string; readonly emptied?: string },
): string {
  const object = readObject(text, path);
  const span = object === undefined ? undefined : spanOf(object, key);
  if (object === undefined || span === undefined) return text;
  return splice(text, span, object.properties.length === 1 ? emptied : '');
}
