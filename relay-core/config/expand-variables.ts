import type { Environment } from '../ports.ts';
import { type ConfigPath, type Finding, formatPath, isMap } from './config-path.ts';

/** A variable the file asks for that the environment, or the key chain, does not have. */
export type MissingVariable = {
  readonly path: ConfigPath;
  readonly name: string;
  readonly source: 'environment' | 'keychain';
};

/** Where the values of variables come from: `${NAME}` and `${keychain:NAME}`. */
export type VariableSources = {
  readonly env: Environment;
  readonly secrets?: ReadonlyMap<string, string> | undefined;
};

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
  | { readonly kind: 'missing'; readonly variables: readonly Variable[] }
  | { readonly kind: 'malformed'; readonly reason: string };

// `$$`, `${` with its content up to `}`, or an unclosed `${`; a lone `$` matches nothing and stays.
const dollarPattern = /\$\$|\$\{([^}]*)\}|\$\{/g;
const referencePattern = /^(?:keychain:([\w.-]+)|([A-Za-z_][A-Za-z0-9_]*))(?::-(.*))?$/s;

type Variable = Pick<MissingVariable, 'name' | 'source'>;
type Reference = Variable & { readonly fallback: string | undefined };

/** Replaces `${VAR}`, `${keychain:NAME}`, each with `:-default` or without, and `$$` in every text value (never in keys), once: what comes in is not expanded again. */
export function expandVariables(data: unknown, sources: VariableSources): ExpandedData {
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
    const result = expandText(value, sources);
    switch (result.kind) {
      case 'plain':
        return result.text;
      case 'expanded':
        expandedPaths.add(formatPath(path));
        return result.text;
      case 'missing':
        missing.push(...result.variables.map((variable) => ({ path, ...variable })));
        return value;
      case 'malformed':
        malformed.push({ path, target: 'value', message: result.reason });
        return value;
    }
  };

  return { data: expandValue(data, []), expandedPaths, missing, malformed };
}

function expandText(text: string, sources: VariableSources): ExpandedText {
  const missing = new Map<string, Variable>();
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
    const { name, source, fallback } = reference;
    const value = source === 'keychain' ? sources.secrets?.get(name) : sources.env[name];
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) missing.set(`${source}:${name}`, { name, source });
    return value ?? match;
  });
  if (reason !== undefined) return { kind: 'malformed', reason };
  if (missing.size > 0) return { kind: 'missing', variables: [...missing.values()] };
  return { kind: isExpanded ? 'expanded' : 'plain', text: expanded };
}

function readReference(content: string | undefined): Reference | { readonly reason: string } {
  // The text itself may be a secret with an accidental `${`: the reasons do not repeat it.
  if (content === undefined) return { reason: `"\${" has no closing "}"; for a literal "$" write "$$"` };
  const [, keychainName, variableName, fallback] = referencePattern.exec(content) ?? [];
  const name = keychainName ?? variableName;
  if (name === undefined) {
    return { reason: `a variable is written \${NAME} or \${NAME:-default}; for a literal "$" write "$$"` };
  }
  if (fallback?.replaceAll('$$', '').includes('${')) {
    return { reason: `the default of a variable cannot contain another \${…}` };
  }
  return {
    name,
    source: keychainName === undefined ? 'environment' : 'keychain',
    fallback: fallback?.replaceAll('$$', () => '$'),
  };
}

/** The names that a text asks the key chain for, each once. */
export function keychainNamesIn(text: string): readonly string[] {
  return [...text.matchAll(dollarPattern)].flatMap(([, content]) => {
    const reference = content === undefined ? undefined : readReference(content);
    return reference !== undefined && 'name' in reference && reference.source === 'keychain'
      ? [reference.name]
      : [];
  });
}

/** Several variables as a sentence's beginning and its remedy: `X is not set` / `export it`. */
export function describeMissing(variables: readonly Variable[]): { fault: string; remedy: string } {
  const exported = variables.filter(({ source }) => source === 'environment').map(({ name }) => name);
  const stored = variables.filter(({ source }) => source === 'keychain').map(({ name }) => name);
  const faults = [
    ...(exported.length === 0
      ? []
      : [`${exported.join(', ')} ${exported.length === 1 ? 'is' : 'are'} not set`]),
    ...(stored.length === 0
      ? []
      : [`${stored.join(', ')} ${stored.length === 1 ? 'is' : 'are'} not in the key chain`]),
  ];
  const remedies = [
    ...(exported.length === 0 ? [] : [exported.length === 1 ? 'export it' : 'export at least one']),
    ...stored.map((name) => `run cc-relay keys add ${name}`),
  ];
  return { fault: faults.join(' and '), remedy: remedies.join(', or ') };
}
