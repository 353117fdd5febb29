import { isScalar, type Node, parseDocument, visit, type YAMLError } from 'yaml';
import type { ConfigProblem } from './config.ts';
import { type ParsedText, positionsIn } from './parsed-text.ts';
import { describeYamlMistake, repeatedKey } from './yaml-mistakes.ts';
import { locateIn, startOf, type YamlDocument } from './yaml-positions.ts';

/** How config texts are read, whoever reads them; tags beyond YAML's core are refused. */
export const yamlOptions = {
  // 'silent' would also swallow the error about a second document.
  logLevel: 'error',
  merge: true,
  prettyErrors: false,
  resolveKnownTags: false,
  stringKeys: true,
  // The parser compares every key with every other; `findRepeatedKeys` is as strict and quicker.
  uniqueKeys: false,
} as const;

const maxProblems = 20;
// The parser refuses documents whose aliases multiply ("billion laughs") beyond this.
const maxAliasCount = 100;

/** Reads a YAML text; an empty one is an empty map. Never throws on what the text says. */
export function parseYaml(text: string): ParsedText {
  const source = text.replace(/^\uFEFF/, '');
  const document = parseDocument(source, yamlOptions);
  const positionOf = positionsIn(source);
  const problemAt = (offset: number, message: string): ConfigProblem => ({
    ...positionOf(offset),
    path: '',
    message,
  });

  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) {
    return { ok: false, problems: describeMistakes(mistakes, source.split('\n'), problemAt) };
  }
  const repeated = findRepeatedKeys(document).map((offset) => problemAt(offset, repeatedKey));
  if (repeated.length > 0) return { ok: false, problems: repeated.slice(0, maxProblems) };
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
  // One slip makes the parser stumble several times on the same line: the first says it best.
  const firstOfLine = new Map<number, ConfigProblem>();
  for (const mistake of mistakes) {
    const place = problemAt(mistake.pos[0], '');
    const line = place.line ?? 1;
    if (firstOfLine.has(line)) continue;
    firstOfLine.set(line, { ...place, message: describeYamlMistake(mistake.code, lines[line - 1] ?? '') });
  }
  return [...firstOfLine.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, maxProblems);
}

function findRepeatedKeys(document: YamlDocument): readonly number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue;
        if (seen.has(key.value)) offsets.push(startOf(key));
        seen.add(key.value);
      }
    },
  });
  return offsets;
}

function findBadAlias(document: YamlDocument): { offset: number; message: string } | undefined {
  const anchors = new Map<string, Node>();
  let found: { offset: number; message: string } | undefined;
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Alias(_key, alias) {
      const offset = startOf(alias);
      const target = anchors.get(alias.source);
      if (target !== undefined && offset >= (target.range?.[1] ?? 0)) return undefined;
      const message =
        target === undefined
          ? 'this alias (*name) has no anchor (&name) before it'
          : 'this alias (*name) is inside the value it stands for';
      found = { offset, message };
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
