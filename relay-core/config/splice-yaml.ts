import { isMap, isScalar, isSeq, stringify } from 'yaml';
import type { ConfigPath } from './config-path.ts';
import { endOf, isWritten, startOf, type YamlDocument } from './yaml-positions.ts';

type Target = {
  readonly document: YamlDocument;
  /** The very text `document` was parsed from. */
  readonly source: string;
};

/** Writes one value into a YAML text and leaves every other byte alone; undefined where only a rewrite would do. */
export function spliceValue(
  { document, source }: Target,
  path: ConfigPath,
  value: string | number | boolean,
): string | undefined {
  const written = writeScalar(value);
  const depth = path.findLastIndex((_segment, index) => hasNode(document, path.slice(0, index + 1))) + 1;
  const node: unknown = document.getIn(path.slice(0, depth), true) ?? document.contents;
  const rest = path.slice(depth);
  if (rest.length === 0) return replaceScalar(source, node, written);

  const lineEnd = source.includes('\r\n') ? '\r\n' : '\n';
  const block = (indent: number) => writeBlock(rest, written, indent).join(lineEnd) + lineEnd;
  if (isMap(node) && !node.flow && node.items.length > 0) {
    return insertLine(source, lastOffset(node), block(columnOf(source, startOf(node.items[0]?.key))));
  }
  if (isWritten(node)) return undefined;
  if (depth === 0) return insertLine(source, source.length, block(0));
  const key = keyOf(document, path.slice(0, depth));
  if (key === undefined) return undefined;
  return insertLine(source, endOf(key), block(columnOf(source, startOf(key)) + 2));
}

function hasNode(document: YamlDocument, path: ConfigPath): boolean {
  return document.getIn(path, true) !== undefined;
}

function writeScalar(value: unknown): string {
  return stringify(value, { lineWidth: 0, blockQuote: false, doubleQuotedAsJSON: true }).trimEnd();
}

function writeBlock(keys: ConfigPath, written: string, indent: number): readonly string[] {
  return keys.map((key, depth) => {
    const line = `${' '.repeat(indent + 2 * depth)}${writeScalar(String(key))}:`;
    return depth === keys.length - 1 ? `${line} ${written}` : line;
  });
}

function replaceScalar(source: string, node: unknown, written: string): string | undefined {
  const isInline = isScalar(node) && node.type !== 'BLOCK_FOLDED' && node.type !== 'BLOCK_LITERAL';
  if (!isInline || !isWritten(node)) return undefined;
  return source.slice(0, startOf(node)) + written + source.slice(endOf(node));
}

function keyOf(document: YamlDocument, path: ConfigPath): unknown {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? document.contents;
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key;
}

/** Where the last thing written inside a node ends; comments after it do not count. */
function lastOffset(node: unknown): number {
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
