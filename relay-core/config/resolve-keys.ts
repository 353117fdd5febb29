import { createHash } from 'node:crypto';
import type { ProviderEntry } from '../contracts/config.ts';
import type { KeyConfig } from './config.ts';
import { type ConfigPath, type Finding, formatPath } from './config-path.ts';
import { describeMissing, type MissingVariable } from './expand-variables.ts';

/** The keys of one provider that can be used. */
export type ResolvedKeys = {
  readonly keys: readonly KeyConfig[];
  /** Variables whose absence left a key out, each once. */
  readonly missing: readonly MissingVariable[];
  readonly notices: readonly Finding[];
};

type KeyEntry = NonNullable<ProviderEntry['keys']>[number];
type ReadKey =
  | { readonly kind: 'usable'; readonly path: ConfigPath; readonly key: KeyConfig }
  | { readonly kind: 'missing'; readonly path: ConfigPath; readonly variables: readonly MissingVariable[] }
  | { readonly kind: 'empty'; readonly path: ConfigPath };

/**
 * Leaves out keys that are empty, repeated, or whose variable is missing, with a notice for each.
 * Without pooling only the first of the others is used.
 */
export function resolveKeys(
  { keys: entries = [], pooling }: ProviderEntry,
  providerPath: ConfigPath,
  missing: readonly MissingVariable[],
): ResolvedKeys {
  const missingAt = Map.groupBy(missing, ({ path }) => formatPath(path));
  const read = entries.map((entry, index) => {
    const path = [...providerPath, 'keys', index, 'key'];
    return readKey(entry, path, missingAt.get(formatPath(path)) ?? []);
  });
  const usable = read.flatMap((each) => (each.kind === 'usable' ? [each] : []));
  const firstOf = new Map(usable.toReversed().map(({ key }) => [key.material, key]));
  const isFirst = (key: KeyConfig) => firstOf.get(key.material) === key;
  const notices = read.flatMap((each): readonly Finding[] => {
    const message = describeLeftOut(each, isFirst);
    return message === undefined ? [] : [{ path: each.path, target: 'value', message }];
  });
  const distinct = usable.map(({ key }) => key).filter(isFirst);
  const keys = pooling?.enabled === false ? distinct.slice(0, 1) : distinct;
  return {
    keys,
    missing: distinctVariables(read.flatMap((each) => (each.kind === 'missing' ? each.variables : []))),
    notices: [...notices, ...restingNotices(distinct.length - keys.length, providerPath)],
  };
}

function restingNotices(count: number, providerPath: ConfigPath): readonly Finding[] {
  if (count === 0) return [];
  const message = `only the first key in service is used: ${count} ${count === 1 ? 'other rests' : 'others rest'}`;
  return [{ path: [...providerPath, 'pooling', 'enabled'], target: 'value', message }];
}

function distinctVariables(variables: readonly MissingVariable[]): readonly MissingVariable[] {
  const first = new Map(
    variables.toReversed().map((variable) => [`${variable.source}:${variable.name}`, variable]),
  );
  return variables.filter((variable) => first.get(`${variable.source}:${variable.name}`) === variable);
}

function readKey(entry: KeyEntry, path: ConfigPath, variables: readonly MissingVariable[]): ReadKey {
  if (variables.length > 0) return { kind: 'missing', path, variables };
  // A key read from a file or a command often brings its line end along.
  const material = entry.key?.trim() ?? '';
  if (material === '') return { kind: 'empty', path };
  return { kind: 'usable', path, key: resolveKey(entry, material) };
}

function resolveKey(entry: KeyEntry, material: string): KeyConfig {
  return {
    keyId: createHash('sha256').update(material).digest('hex').slice(0, 8),
    label: entry.label,
    material,
    limits: {
      rpm: entry.rpm_limit ?? 0,
      tpm: entry.tpm_limit ?? 0,
      itpm: entry.itpm_limit ?? 0,
      otpm: entry.otpm_limit ?? 0,
    },
    maxConcurrent: entry.max_concurrent ?? 0,
    weight: entry.weight || 1,
  };
}

function describeLeftOut(read: ReadKey, isFirst: (key: KeyConfig) => boolean): string | undefined {
  switch (read.kind) {
    case 'missing':
      return `this key is left out: ${describeMissing(read.variables).fault}`;
    case 'empty':
      return 'this key is empty and left out';
    case 'usable':
      return isFirst(read.key) ? undefined : 'this key is written above already and counts once';
  }
}
