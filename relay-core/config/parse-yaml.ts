import type { YAMLError } from 'yaml';
import { LineCounter, parseDocument, visit } from 'yaml';
import type { ConfigProblem } from './config.ts';
import { describeYamlMistake } from './yaml-mistakes.ts';
import { type Locate, locateIn, type Position, startOf, type YamlDocument } from './yaml-positions.ts';

/** A YAML text as plain data with the place of each value, or what is wrong with it. */
export type ParsedYaml =
  | { readonly ok: true; readonly data: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** How config texts are read, whoever reads them; tags beyond YAML's core are refused. */
export const yamlOptions = {
  // 'silent' would also swallow the error about a second document.
  logLevel: 'error',
  merge: true,
  prettyErrors: false,
  resolveKnownTags: false,
  stringKeys: true,
} as const;

const maxProblems = 20;
// The parser refuses documents whose aliases multiply ("billion laughs") beyond this.
const maxAliasCount = 100;

/** Reads a YAML text; an empty one is an empty map. Never throws on what the text says. */
export function parseYaml(text: string): ParsedYaml {
  const source = text.replace(/^\uFEFF/, '');
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { ...yamlOptions, lineCounter });
  const positionOf = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problemAt = (offset: number, message: string): ConfigProblem => ({
    ...positionOf(offset),
    path: '',
    message,
  });

  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) {
    return { ok: false, problems: describeMistakes(mistakes, source.split('\n'), problemAt) };
  }
  const badAlias = findBadAlias(document);
  if (badAlias) return { ok: false, problems: [problemAt(badAlias.offset, badAlias.message)] };
  try {
    const data: unknown = document.toJS({ maxAliasCount });
    return { ok: true, data: data ?? {}, locate: locateIn(document, positionOf) };
  } catch {
    // After the checks above only the file's own aliases and merge keys make `toJS` throw.
    const message = 'the aliases (*name) or merge keys (<<) repeat too much or merge something not a map';
    return { ok: false, problems: [problemAt(firstAliasOffset(document), message)] };
  }
}

function describeMistakes(
  mistakes: readonly YAMLError[],
  lines: readonly string[],
  problemAt: (offset: number, message: string) => ConfigProblem,
): readonly ConfigProblem[] {
  const problems = mistakes.map((mistake) => {
    const place = problemAt(mistake.pos[0], '');
    return { ...place, message: describeYamlMistake(mistake.code, lines[(place.line ?? 1) - 1] ?? '') };
  });
  // One slip makes the parser stumble several times on the same line: the first says it best.
  const firstOfLine = problems.filter(
    ({ line }, index) => problems.findIndex((other) => other.line === line) === index,
  );
  return firstOfLine.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, maxProblems);
}

function findBadAlias(document: YamlDocument): { offset: number; message: string } | undefined {
  let found: { offset: number; message: string } | undefined;
  visit(document, {
    Alias(_key, alias) {
      const offset = startOf(alias);
      const target = alias.resolve(document);
      if (target === undefined) {
        found = { offset, message: 'this alias (*name) has no anchor (&name) before it' };
        return visit.BREAK;
      }
      const end = target.range?.[1] ?? 0;
      if (startOf(target) > offset || offset >= end) return undefined;
      found = { offset, message: 'this alias (*name) is inside the value it stands for' };
      return visit.BREAK;
    },
  });
  return found;
}

function firstAliasOffset(document: YamlDocument): number {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, alias) {
      offset = startOf(alias);
      return visit.BREAK;
    },
  });
  return offset ?? 0;
}
