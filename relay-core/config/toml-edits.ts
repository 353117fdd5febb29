import { parse, patch } from '@decimalturn/toml-patch';
import { type ConfigPath, valueAt, withoutKeyAt, withValueAt } from './config-path.ts';
import type { ConfigValue } from './edit-result.ts';
import { isTomlTable, renderTomlKey, renderTomlTable, renderTomlValue } from './render-toml.ts';
import { pathsOfToml, scanToml, type TomlStatement } from './scan-toml.ts';
import {
  insertBelow,
  lineEndAt,
  lineEndOf,
  lineStartAt,
  type TextRange,
  withCommentsAbove,
  withoutLines,
  withoutRange,
} from './text-ranges.ts';

type Placed = TomlStatement & { readonly path: ConfigPath };

/** Texts in which one value is set, best first; whoever takes one checks that it says what it should. */
export function setInToml(
  source: string,
  path: ConfigPath,
  value: ConfigValue,
): readonly (() => string | undefined)[] {
  const statements = placedStatements(source);
  return [
    () => patchPair(source, statements, { path, change: (data, at) => withValueAt(data, at, value) }),
    () => replacePair(source, statements, { path, value }),
    ...(isTomlTable(value) ? [] : [() => insertPair(source, statements, { path, value })]),
    () => insertDotted(source, statements, { path, value }),
    () => addTable(source, statements, { path, value }),
  ];
}

/** Texts without the value or section at a path, best first. */
export function deleteInToml(source: string, path: ConfigPath): readonly (() => string | undefined)[] {
  const statements = placedStatements(source);
  return [
    () => {
      const own = groupRange(source, statements, path);
      if (own === undefined) return undefined;
      const first = statements.find((statement) => isBelow(statement.path, path));
      return first?.kind === 'pair' ? withoutLines(source, own) : withoutRange(source, own);
    },
    () => patchPair(source, statements, { path, change: withoutKeyAt }),
  ];
}

/** Where each `[[…]]` of a list is written with all its sub-sections; undefined = not in this way. */
export function tomlItems(source: string, path: ConfigPath): readonly TextRange[] | undefined {
  const statements = placedStatements(source);
  const headers = statements.filter(
    (statement) => statement.kind === 'array-table' && isAt(statement.path.slice(0, -1), path),
  );
  const ranges = headers.map((header) => groupRange(source, statements, header.path));
  const known = ranges.filter((range) => range !== undefined);
  return known.length === ranges.length && known.length > 0 ? known : undefined;
}

/** A new `[[…]]` of a list, below the others, else at the end. */
export function addToToml(
  source: string,
  path: ConfigPath,
  entry: Readonly<Record<string, ConfigValue>>,
): readonly (() => string | undefined)[] {
  const statements = placedStatements(source);
  const lines = renderTomlTable(headerOf(path), entry, true).join(lineEndOf(source));
  const parent = path.length > 2 ? groupRange(source, statements, path.slice(0, -1)) : undefined;
  const last = tomlItems(source, path)?.at(-1) ?? parent;
  const inline = statements.find((statement) => statement.kind === 'pair' && isAt(statement.path, path));
  const isEmpty = inline?.value?.kind === 'array' && inline.value.items.length === 0;
  const append: Patch['change'] = (data, at) => withValueAt(data, at, [...listAt(data, at), entry]);
  return [
    () =>
      inline === undefined ? appendBlock(source, last?.end ?? source.trimEnd().length, lines) : undefined,
    () => (isEmpty ? appendToEmpty(source, inline, lines) : undefined),
    () => patchPair(source, statements, { path, change: append }),
  ];
}

function listAt(data: unknown, path: ConfigPath): readonly unknown[] {
  const list = valueAt(data, path);
  return Array.isArray(list) ? list : [];
}

/** `[[…]]` sections cannot follow `providers = []`: its line goes. */
function appendToEmpty(source: string, inline: Placed, lines: string): string {
  const line = { start: lineStartAt(source, inline.start), end: lineEndAt(source, inline.end) };
  const rest = withoutLines(source, line);
  return appendBlock(rest, rest.trimEnd().length, lines);
}

function placedStatements(source: string): readonly Placed[] {
  const { statements } = scanToml(source);
  const paths = pathsOfToml(statements);
  return statements.map((statement, index) => ({ ...statement, path: paths[index] ?? [] }));
}

function isAt(path: ConfigPath, other: ConfigPath): boolean {
  return path.length === other.length && isBelow(path, other);
}

function isBelow(path: ConfigPath, ancestor: ConfigPath): boolean {
  return ancestor.every((segment, index) => path[index] === segment);
}

function headerOf(path: ConfigPath): string {
  return path.flatMap((segment) => (typeof segment === 'string' ? [renderTomlKey(segment)] : [])).join('.');
}

/** Everything at and below a path with its comments; undefined where it is absent or something else stands between. */
function groupRange(source: string, statements: readonly Placed[], path: ConfigPath): TextRange | undefined {
  const first = statements.findIndex((statement) => isBelow(statement.path, path));
  const last = statements.findLastIndex((statement) => isBelow(statement.path, path));
  const [start, end] = [statements[first], statements[last]];
  if (start === undefined || end === undefined) return undefined;
  const isWhole = statements.slice(first, last + 1).every((statement) => isBelow(statement.path, path));
  if (!isWhole) return undefined;
  const lineStart = lineStartAt(source, start.start);
  return { start: withCommentsAbove(source, lineStart), end: endOfGroup(source, end, statements[last + 1]) };
}

/** A commented-out setting right below belongs to its section, unless it stands right above the next statement. */
function endOfGroup(source: string, last: Placed, next: Placed | undefined): number {
  const end = lineEndAt(source, last.end);
  if (last.kind === 'pair' && next?.kind === 'pair') return end;
  const [comments = ''] = /^(?:\r?\n[ \t]*#[^\r\n]*)+/.exec(source.slice(end)) ?? [];
  const ownStart =
    next === undefined ? source.length : withCommentsAbove(source, lineStartAt(source, next.start));
  return end + comments.length < ownStart ? end + comments.length : end;
}

/** `change` gets the data of one `key = value` alone, and where in it the path leads. */
type Patch = {
  readonly path: ConfigPath;
  readonly change: (data: unknown, path: ConfigPath) => unknown;
};
type Setting = { readonly path: ConfigPath; readonly value: ConfigValue };

/**
 * For what is inside one `key = value`: the library edits it and keeps its layout. It sees nothing else, because it
 * stumbles over sections elsewhere in the text.
 */
function patchPair(
  source: string,
  statements: readonly Placed[],
  { path, change }: Patch,
): string | undefined {
  const pair = statements.find((statement) => statement.kind === 'pair' && isBelow(path, statement.path));
  if (pair === undefined) return undefined;
  const edited = tryToPatch(source.slice(pair.start, pair.end), (data) =>
    change(data, path.slice(pair.path.length - pair.keys.length)),
  );
  return edited && source.slice(0, pair.start) + edited.trimEnd() + source.slice(pair.end);
}

function tryToPatch(pair: string, change: (data: unknown) => unknown): string | undefined {
  try {
    return patch(pair, change(parse(pair)));
  } catch {
    // The library throws at some texts that the parser takes.
    return undefined;
  }
}

/** For `a.b.c = 1` without a header `[a.b]`: another one below. */
function insertDotted(
  source: string,
  statements: readonly Placed[],
  { path, value }: Setting,
): string | undefined {
  const parent = path.slice(0, -1);
  const sibling = statements.findLast(
    ({ kind, keys, path: own }) => kind === 'pair' && keys.length > 1 && isBelow(own, parent),
  );
  if (sibling === undefined) return undefined;
  const keys = path.slice(sibling.path.length - sibling.keys.length).map((key) => renderTomlKey(String(key)));
  return insertBelow(source, sibling.end, `${keys.join('.')} = ${renderTomlValue(value)}`);
}

function replacePair(
  source: string,
  statements: readonly Placed[],
  { path, value }: Setting,
): string | undefined {
  const pair = statements.find((statement) => statement.kind === 'pair' && isAt(statement.path, path));
  if (pair?.value === undefined) return undefined;
  return source.slice(0, pair.value.start) + renderTomlValue(value) + source.slice(pair.value.end);
}

function insertPair(
  source: string,
  statements: readonly Placed[],
  { path, value }: Setting,
): string | undefined {
  const line = `${renderTomlKey(String(path.at(-1)))} = ${renderTomlValue(value)}`;
  const parent = path.slice(0, -1);
  const header = statements.findIndex(
    (statement) => statement.kind !== 'pair' && isAt(statement.path, parent),
  );
  if (header === -1 && parent.length > 0) return undefined;
  const nextHeader = statements.findIndex((statement, index) => index > header && statement.kind !== 'pair');
  const last = statements[(nextHeader === -1 ? statements.length : nextHeader) - 1];
  if (last === undefined) return insertAtTop(source, line);
  const indent = /^[ \t]*/.exec(source.slice(lineStartAt(source, last.start)))?.[0] ?? '';
  return insertBelow(source, last.end, indent + line);
}

function insertAtTop(source: string, line: string): string {
  const lineEnd = lineEndOf(source);
  const first = scanToml(source).statements[0];
  if (first === undefined) return insertBelow(source, source.trimEnd().length, line);
  const start = withCommentsAbove(source, lineStartAt(source, first.start));
  return `${source.slice(0, start)}${line}${lineEnd}${lineEnd}${source.slice(start)}`;
}

function addTable(source: string, statements: readonly Placed[], { path, value }: Setting): string {
  const lineEnd = lineEndOf(source);
  const table = isTomlTable(value) ? path : path.slice(0, -1);
  const fields = isTomlTable(value) ? value : { [String(path.at(-1))]: value };
  const block = renderTomlTable(headerOf(table), fields, false).join(lineEnd);
  const item = path.findLastIndex((segment) => typeof segment === 'number');
  const owner = item === -1 ? undefined : groupRange(source, statements, path.slice(0, item + 1));
  return appendBlock(source, owner?.end ?? source.trimEnd().length, block);
}

/** Writes a section below an offset's line, with a blank line before it. */
function appendBlock(source: string, offset: number, block: string): string {
  if (source.trim() === '') return `${source}${block}${lineEndOf(source)}`;
  return insertBelow(source, offset, lineEndOf(source) + block);
}
