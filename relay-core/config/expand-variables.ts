import type { Environment } from '../ports.ts';
import { type ConfigPath, type Finding, formatPath, isMap } from './config-path.ts';

/** A variable the file asks for that the environment does not have. */
export type MissingVariable = { readonly path: ConfigPath; readonly name: string };

/** The tree after expansion. */
export type ExpandedData = {
  /** A text with a missing or malformed variable is left as written. */
  readonly data: unknown;
  /** `formatPath` of each text in which a variable was replaced. */
  readonly expandedPaths: ReadonlySet<string>;
  readonly missing: readonly MissingVariable[];
  readonly malformed: readonly Finding[];
};

type ExpandedText =
  | { readonly kind: 'plain' | 'expanded'; readonly text: string }
  | { readonly kind: 'missing'; readonly names: readonly string[] }
  | { readonly kind: 'malformed'; readonly reason: string };

// `$$`, `${` with its content up to `}`, or an unclosed `${`; a lone `$` matches nothing and stays.
const dollarPattern = /\$\$|\$\{([^}]*)\}|\$\{/g;
const referencePattern = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Replaces `${VAR}`, `${VAR:-default}` and `$$` in every text value (never in keys), once: what comes in is not expanded again. */
export function expandVariables(data: unknown, env: Environment): ExpandedData {
  const expandedPaths = new Set<string>();
  const missing: MissingVariable[] = [];
  const malformed: Finding[] = [];

  const expandValue = (value: unknown, path: ConfigPath): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => expandValue(item, [...path, index]));
    if (isMap(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, expandValue(item, [...path, key])]),
      );
    }
    if (typeof value !== 'string') return value;
    const result = expandText(value, env);
    switch (result.kind) {
      case 'plain':
        return result.text;
      case 'expanded':
        expandedPaths.add(formatPath(path));
        return result.text;
      case 'missing':
        missing.push(...result.names.map((name) => ({ path, name })));
        return value;
      case 'malformed':
        malformed.push({ path, target: 'value', message: result.reason });
        return value;
    }
  };

  return { data: expandValue(data, []), expandedPaths, missing, malformed };
}

function expandText(text: string, env: Environment): ExpandedText {
  const missing = new Set<string>();
  let reason: string | undefined;
  let isExpanded = false;
  const expanded = text.replaceAll(dollarPattern, (match: string, content: string | undefined) => {
    if (match === '$$') return '$';
    const reference = readReference(content);
    if ('reason' in reference) {
      reason ??= reference.reason;
      return match;
    }
    isExpanded = true;
    const value = env[reference.name];
    if (reference.fallback !== undefined) return value || reference.fallback;
    if (value === undefined) missing.add(reference.name);
    return value ?? match;
  });
  if (reason !== undefined) return { kind: 'malformed', reason };
  if (missing.size > 0) return { kind: 'missing', names: [...missing] };
  return { kind: isExpanded ? 'expanded' : 'plain', text: expanded };
}

function readReference(
  content: string | undefined,
): { name: string; fallback: string | undefined } | { reason: string } {
  // The text itself may be a secret with an accidental `${`: the reasons do not repeat it.
  if (content === undefined) return { reason: `"\${" has no closing "}"; for a literal "$" write "$$"` };
  const [, name, fallback] = referencePattern.exec(content) ?? [];
  if (name === undefined) {
    return { reason: `a variable is written \${NAME} or \${NAME:-default}; for a literal "$" write "$$"` };
  }
  if (fallback?.replaceAll('$$', '').includes('${')) {
    return { reason: `the default of a variable cannot contain another \${…}` };
  }
  return { name, fallback: fallback?.replaceAll('$$', () => '$') };
}
