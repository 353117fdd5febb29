import TOML from '@iarna/toml';
import type { ConfigProblem } from './config.ts';
import { type ParsedText, type Position, positionsIn } from './parsed-text.ts';
import { scanToml, type TomlScan, type TomlStatement, type TomlValue } from './scan-toml.ts';
import { describeTomlMistake } from './toml-mistakes.ts';
import { locateInToml } from './toml-positions.ts';

type Failure = { readonly offset: number; readonly message: string };

const maxProblems = 20;
/** Stands for every integer that JavaScript cannot count with: every rule refuses it, as it does YAML's. */
const tooLargeInteger = 2 ** 64;

/** Reads a TOML text into the same plain data as YAML; an empty one is an empty map. Never throws on what the text says. */
export function parseToml(text: string): ParsedText {
  // The parser takes the carriage return after a comment for a part of it.
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const positionOf = positionsIn(source);
  const scan = scanToml(source);
  if (scan.isTooDeep)
    return refuse([{ offset: scan.stoppedAt ?? 0, message: 'the nesting is too deep' }], positionOf);
  const parsed = parse(source);
  const dates = findDates(scan.statements, source);
  // The parser misreads what follows a time without a date.
  if (dates.length > 0) return refuse(dates, positionOf);
  if (!parsed.ok) return refuse([failureOf(parsed.error, source, scan)], positionOf);
  return { ok: true, data: plainData(parsed.data), locate: locateInToml(scan.statements, positionOf) };
}

function parse(source: string): { ok: true; data: unknown } | { ok: false; error: unknown } {
  try {
    return { ok: true, data: TOML.parse(source) };
  } catch (error) {
    return { ok: false, error };
  }
}

function refuse(failures: readonly Failure[], positionOf: (offset: number) => Position): ParsedText {
  const problems = failures
    .slice(0, maxProblems)
    .map(({ offset, message }): ConfigProblem => ({ ...positionOf(offset), path: '', message }));
  return { ok: false, problems };
}

function failureOf(error: unknown, source: string, scan: TomlScan): Failure {
  const message = error instanceof Error ? error.message : '';
  const isPlaced = error instanceof Error && 'pos' in error && typeof error.pos === 'number';
  if (!isPlaced) return { offset: scan.stoppedAt ?? 0, message: describeTomlMistake(message) };
  // The parser counts the character after the one it stumbled over.
  const stumbledAt = Math.min(Math.max(Number(error.pos) - 1, 0), Math.max(source.length - 1, 0));
  const statement = scan.statements.findLast(({ start }) => start <= stumbledAt);
  const isAboutKey = message.startsWith("Can't") && statement !== undefined;
  return { offset: isAboutKey ? statement.start : stumbledAt, message: describeTomlMistake(message) };
}

/** YAML has no dates, and no setting is one: in quotes they are text. */
function findDates(statements: readonly TomlStatement[], source: string): readonly Failure[] {
  const failures: Failure[] = [];
  const visit = (value: TomlValue): void => {
    const isDate =
      value.kind === 'bare' && /^(?:\d{4}-\d\d|\d\d:)/.test(source.slice(value.start, value.end));
    if (isDate)
      failures.push({ offset: value.start, message: 'no setting is a date or time: put it in quotes' });
    for (const item of value.items) visit(item);
    for (const entry of value.entries) visit(entry.value);
  };
  for (const { value } of statements) if (value !== undefined) visit(value);
  return failures;
}

function plainData(value: unknown): unknown {
  if (typeof value === 'bigint') return value < 0n ? -tooLargeInteger : tooLargeInteger;
  if (Array.isArray(value)) return value.map(plainData);
  if (typeof value !== 'object' || value === null) return value;
  // `fromEntries` makes an own property even of a key called __proto__.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainData(item)]));
}
