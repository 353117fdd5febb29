import { isMap, isNode, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import { type ConfigPath, valueAt } from './config-path.ts';
import type { ConfigValue } from './edit-result.ts';
import { yamlOptions } from './parse-yaml.ts';
import { lastOffset, spliceValue, writeFlow } from './splice-yaml.ts';
import {
  insertBelow,
  isSameOutside,
  lineEndAt,
  lineEndOf,
  lineStartAt,
  type TextRange,
  withCommentsAbove,
  withoutLines,
} from './text-ranges.ts';
import { endOf, startOf, type YamlDocument } from './yaml-positions.ts';

/** Texts in which one value is set, best first; whoever takes one checks that it says what it should. */
export function setInYaml(
  source: string,
  path: ConfigPath,
  value: ConfigValue,
): readonly (() => string | undefined)[] {
  const document = parseDocument(source, yamlOptions);
  return [
    () => spliceValue({ document, source, isInBrackets: false }, path, value),
    () => spliceValue({ document, source, isInBrackets: true }, path, value),
    () => rewrite(source, path, (copy) => setInDocument(copy, path, value)),
  ];
}

/** Texts without the value at a path, best first. */
export function deleteInYaml(source: string, path: ConfigPath): readonly (() => string | undefined)[] {
  const document = parseDocument(source, yamlOptions);
  return [
    () => {
      const range = pairRange(source, document, path);
      return range === undefined ? undefined : withoutLines(source, range);
    },
    () => rewrite(source, path.slice(0, -1), (copy) => copy.deleteIn(path)),
  ];
}

/** Where each entry of a list is written, dash and comments included; undefined = not one entry below the other. */
export function yamlItems(source: string, path: ConfigPath): readonly TextRange[] | undefined {
  const list: unknown = parseDocument(source, yamlOptions).getIn(path, true);
  if (!isSeq(list) || list.flow || list.items.length === 0) return undefined;
  const ranges = list.items.map((item) => itemRange(source, startOf(item), lastOffset(item)));
  const known = ranges.filter((range) => range !== undefined);
  const isApart = known.every((range, index) => index === 0 || (known[index - 1]?.end ?? 0) < range.start);
  return known.length === ranges.length && isApart ? known : undefined;
}

/** A new entry of a list, below the others. */
export function addToYaml(
  source: string,
  path: ConfigPath,
  entry: Readonly<Record<string, ConfigValue>>,
): readonly (() => string | undefined)[] {
  const items = yamlItems(source, path);
  const [last, previous] = [items?.at(-1), items?.at(-2)];
  return [
    () => {
      if (last === undefined) return undefined;
      const isSpaced = previous !== undefined && /\n[ \t]*\r?\n/.test(source.slice(previous.end, last.start));
      const lines = renderItem(entry, dashColumn(source, last), lineEndOf(source));
      return insertBelow(source, last.end, (isSpaced ? lineEndOf(source) : '') + lines);
    },
    () => startList(source, path, entry),
    () => rewrite(source, path, (copy) => copy.addIn(path, copy.createNode(entry))),
  ];
}

function renderItem(entry: ConfigValue, indent: number, lineEnd: string): string {
  const lines = stringify([entry], { lineWidth: 0, blockQuote: false, doubleQuotedAsJSON: true }).trimEnd();
  return lines
    .split('\n')
    .map((line) => ' '.repeat(indent) + line)
    .join(lineEnd);
}

/** For `providers:` with nothing after it, `providers: []`, and a text without the key. */
function startList(source: string, path: ConfigPath, entry: ConfigValue): string | undefined {
  const [key] = path;
  if (path.length !== 1 || key === undefined) return undefined;
  const document = parseDocument(source, yamlOptions);
  const lineEnd = lineEndOf(source);
  const lines = renderItem(entry, 2, lineEnd);
  const pair = isMap(document.contents)
    ? document.contents.items.find((candidate) => isScalar(candidate.key) && candidate.key.value === key)
    : undefined;
  if (pair === undefined) {
    const separator = source.trim() === '' ? '' : lineEnd;
    return insertBelow(source, source.length, `${separator}${String(key)}:${lineEnd}${lines}`);
  }
  const value = pair.value;
  const emptied = isSeq(value)
    ? source.slice(0, startOf(value)).trimEnd() + source.slice(endOf(value))
    : source;
  return insertBelow(emptied, endOf(pair.key), lines);
}

function dashColumn(source: string, { start, end }: TextRange): number {
  const [, indent = ''] = /^([ \t]*)-(?:\s|$)/m.exec(source.slice(start, end)) ?? [];
  return indent.length;
}

function itemRange(source: string, contentStart: number, contentEnd: number): TextRange | undefined {
  let lineStart = lineStartAt(source, contentStart);
  // The dash may stand alone on a line above.
  while (
    lineStart > 0 &&
    !/^[ \t]*-(?:\s|$)/.test(source.slice(lineStart, lineEndAt(source, lineStart + 1)))
  ) {
    lineStart = lineStartAt(source, lineStart - 1);
  }
  const [, indent] = /^([ \t]*)-\s/.exec(source.slice(lineStart)) ?? [];
  if (indent === undefined) return undefined;
  const isDeeper = (line: string) => line.search(/\S/) > indent.length;
  const start = withCommentsAbove(source, lineStart, (line) => !isDeeper(line));
  return { start, end: withCommentsBelow(source, lineEndAt(source, contentEnd), isDeeper) };
}

/** Comments indented deeper than an entry's dash are its own, such as settings commented out. */
function withCommentsBelow(source: string, end: number, isDeeper: (line: string) => boolean): number {
  let ownEnd = end;
  for (const match of source.slice(end).matchAll(/(?:\r?\n[ \t]*)*\r?\n([ \t]*#[^\r\n]*)|[\s\S]/g)) {
    const line = match[1];
    if (line === undefined || !isDeeper(line)) break;
    ownEnd = end + match.index + match[0].length;
  }
  return ownEnd;
}

/** The lines of one `key: value`, comments above included; undefined where it shares a line with something else. */
function pairRange(source: string, document: YamlDocument, path: ConfigPath): TextRange | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isSeq(parent)) return yamlItems(source, path.slice(0, -1))?.[Number(path.at(-1))];
  if (!isMap(parent) || parent.flow) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  const lineStart = lineStartAt(source, startOf(pair?.key));
  if (pair === undefined || source.slice(lineStart, startOf(pair.key)).trim() !== '') return undefined;
  const column = startOf(pair.key) - lineStart;
  const isLevel = (line: string) => line.search(/\S/) === column;
  const end = Math.max(endOf(pair.key), lastOffset(pair.value));
  return { start: withCommentsAbove(source, lineStart, isLevel), end: lineEndAt(source, end) };
}

/** For what cannot be spliced, such as a new key between braces: written anew, the rest must stay as it is. */
function rewrite(
  source: string,
  path: ConfigPath,
  change: (document: YamlDocument) => void,
): string | undefined {
  const original = parseDocument(source, yamlOptions);
  const depth = path.findLastIndex((_segment, index) =>
    isNode(original.getIn(path.slice(0, index + 1), true)),
  );
  const place = path.slice(0, depth + 1);
  const node: unknown = depth === -1 ? original.contents : original.getIn(place, true);
  const document = parseDocument(source.replaceAll('\r\n', '\n'), yamlOptions);
  const plain = tryToChange(document, change);
  if (plain === undefined) return undefined;
  const written = source.includes('\r\n') ? plain.replaceAll('\n', '\r\n') : plain;
  const range = { start: startOf(node), end: Math.max(lastOffset(node), startOf(node)) };
  const isWholeFile = depth === -1 && isMap(node) && !node.flow;
  if (!isWholeFile && isSameOutside(source, written, range)) return written;
  const isInBrackets =
    (isMap(node) || isSeq(node)) && node.flow && !source.slice(range.start, range.end).includes('#');
  if (!isInBrackets) return undefined;
  return source.slice(0, range.start) + writeFlow(valueAt(document.toJS(), place)) + source.slice(range.end);
}

function tryToChange(document: YamlDocument, change: (document: YamlDocument) => void): string | undefined {
  try {
    change(document);
    return document.toString({ lineWidth: 0 });
  } catch {
    // The library throws where an alias would lose its anchor, or a list has no such entry.
    return undefined;
  }
}

function setInDocument(document: YamlDocument, path: ConfigPath, value: ConfigValue): void {
  // `setIn` makes absent parents but stumbles over empty ones, the whole text included.
  if (isScalar(document.contents)) document.contents = null;
  const empty = path
    .map((_segment, depth) => path.slice(0, depth))
    .find((parent) => parent.length > 0 && document.getIn(parent) === null);
  if (empty !== undefined) document.deleteIn(empty);
  document.setIn(path, document.createNode(value));
}
