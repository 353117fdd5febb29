import { isMap, isScalar, isSeq, stringify, type YAMLMap } from 'yaml';
import type { ConfigPath } from './config-path.ts';
import type { ConfigValue } from './edit-result.ts';
import { lineEndOf } from './text-ranges.ts';
import { endOf, isWritten, startOf, type YamlDocument } from './yaml-positions.ts';

type Target = {
  readonly document: YamlDocument;
  /** The very text `document` was parsed from. */
  readonly source: string;
  /** Whether the place is inside `[ ]` or `{ }`, where more text needs quotes. */
  readonly isInBrackets: boolean;
};

/** Writes one value into a YAML text and leaves every other byte alone; undefined where only a rewrite would do. */
export function spliceValue(
  { document, source, isInBrackets }: Target,
  path: ConfigPath,
  value: ConfigValue,
): string | undefined {
  const written = isInBrackets ? writeInBrackets([value]) : writeValue(value);
  const depth = path.findLastIndex((_segment, index) => hasNode(document, path.slice(0, index + 1))) + 1;
  const node: unknown = document.getIn(path.slice(0, depth), true) ?? document.contents;
  const rest = path.slice(depth);
  if (rest.length === 0 && !isWritten(node)) return writeBehind(source, keyOf(document, path), written);
  if (rest.length === 0) return replaceNode(source, node, { value, written });

  const lineEnd = lineEndOf(source);
  const block = (indent: number) => writeBlock(rest, written, indent).join(lineEnd) + lineEnd;
  if (isMap(node) && !node.flow && node.items.length > 0) {
    return insertLine(source, lastOffset(node), block(columnOf(source, startOf(node.items[0]?.key))));
  }
  if (isMap(node) && isWritten(node)) return addInBraces(source, node, nest(rest, value));
  if (isWritten(node))
    return replaceNull({ source, node, isDocument: depth === 0 }, block(0), nest(rest, value));
  if (depth === 0) return insertLine(source, source.length, block(0));
  const key = keyOf(document, path.slice(0, depth));
  if (key === undefined) return undefined;
  return insertLine(source, endOf(key), block(columnOf(source, startOf(key)) + 2));
}

function hasNode(document: YamlDocument, path: ConfigPath): boolean {
  return document.getIn(path, true) !== undefined;
}

const style = { lineWidth: 0, blockQuote: false, doubleQuotedAsJSON: true } as const;

/** A value on one line. */
function writeValue(value: unknown): string {
  return typeof value === 'object' ? writeFlow(value) : stringify(value, style).trimEnd();
}

/** A value between brackets, or with them: JSON is YAML, and plain words need no quotes. */
export function writeFlow(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(writeFlow).join(', ')} ]`;
  if (typeof value !== 'object' || value === null) {
    const isPlain =
      typeof value === 'string' && /^[\w./@-]+$/.test(value) && stringify(value).trim() === value;
    return isPlain ? value : JSON.stringify(value);
  }
  const entries = Object.entries(value).map(([key, item]) => `${writeFlow(key)}: ${writeFlow(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** What stands between the brackets of a list or map on one line. */
function writeInBrackets(value: object): string {
  return writeFlow(value).slice(1, -1).trim();
}

function nest(keys: ConfigPath, value: ConfigValue): object {
  return keys
    .toReversed()
    .reduce<object>((inner, key, depth) => Object.fromEntries([[key, depth === 0 ? value : inner]]), {});
}

function addInBraces(source: string, map: YAMLMap, entry: object): string {
  const last = map.items.at(-1);
  if (last === undefined) return source.slice(0, startOf(map)) + writeFlow(entry) + source.slice(endOf(map));
  const offset = Math.max(endOf(last.value), endOf(last.key));
  return `${source.slice(0, offset)}, ${writeInBrackets(entry)}${source.slice(offset)}`;
}

/** A null in writing, such as `~`, gives way to what it now holds. */
function replaceNull(
  {
    source,
    node,
    isDocument,
  }: { readonly source: string; readonly node: unknown; readonly isDocument: boolean },
  block: string,
  entry: object,
): string | undefined {
  if (!isScalar(node) || node.value !== null) return undefined;
  const written = isDocument ? block.trimEnd() : writeFlow(entry);
  return source.slice(0, startOf(node)) + written + source.slice(endOf(node));
}

function writeBlock(keys: ConfigPath, written: string, indent: number): readonly string[] {
  return keys.map((key, depth) => {
    const line = `${' '.repeat(indent + 2 * depth)}${writeValue(String(key))}:`;
    return depth === keys.length - 1 ? `${line} ${written}` : line;
  });
}

function replaceNode(
  source: string,
  node: unknown,
  { value, written }: { readonly value: ConfigValue; readonly written: string },
): string | undefined {
  const start = startOf(node);
  const head = source.slice(0, start);
  const lineEnd = lineEndOf(source);
  if ((isSeq(node) || isMap(node)) && !node.flow) {
    const indent = ' '.repeat(columnOf(source, start));
    const isBlock = isSeq(node) && Array.isArray(value) && value.length > 0;
    const block = isBlock
      ? stringify(value, style)
          .trimEnd()
          .replaceAll('\n', lineEnd + indent)
      : writeFlow(value);
    return head + block + source.slice(lastOffset(node));
  }
  // A block of text ends after its line break.
  const end = endOf(node);
  return head + written + (source[end - 1] === '\n' ? lineEnd : '') + source.slice(end);
}

/** For `key:` with nothing after it. */
function writeBehind(source: string, key: unknown, written: string): string | undefined {
  const colon = source.indexOf(':', endOf(key));
  if (key === undefined || colon === -1) return undefined;
  return `${source.slice(0, colon + 1)} ${written}${source.slice(colon + 1)}`;
}

function keyOf(document: YamlDocument, path: ConfigPath): unknown {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? document.contents;
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key;
}

/** Where the last thing written inside a node ends; comments after it do not count. */
export function lastOffset(node: unknown): number {
  if (isMap(node) && !node.flow) {
    const last = node.items.at(-1);
    return isWritten(last?.value) ? lastOffset(last?.value) : endOf(last?.key);
  }
  return isSeq(node) && !node.flow ? lastOffset(node.items.at(-1)) : endOf(node);
}

function insertLine(source: string, offset: number, block: string): string {
  // A block scalar ends after its line break, everything else before it.
  const isLineStart = offset > 0 && source[offset - 1] === '\n';
  const breakAt = isLineStart ? offset - 1 : source.indexOf('\n', offset);
  const head = breakAt === -1 ? source : source.slice(0, breakAt + 1);
  const tail = breakAt === -1 ? '' : source.slice(breakAt + 1);
  const separator = head === '' || head.endsWith('\n') ? '' : (/\r?\n$/.exec(block)?.[0] ?? '\n');
  return head + separator + block + tail;
}

function columnOf(source: string, offset: number): number {
  return offset - (source.lastIndexOf('\n', offset - 1) + 1);
}
