import { createHash } from 'node:crypto';
import type { ProviderEntry } from '../contracts/config.ts';
import type { KeyConfig } from './config.ts';
import { type ConfigPath, type Finding, formatPath } from './config-path.ts';
import type { MissingVariable } from './expand-variables.ts';

/** The keys of one provider that can be used. */
export type ResolvedKeys = {
  readonly keys: readonly KeyConfig[];
  /** Variables whose absence left a key out. */
  readonly missingNames: readonly string[];
  readonly notices: readonly Finding[];
};

type KeyEntry = NonNullable<ProviderEntry['keys']>[number];
type ReadKey =
  | { readonly kind: 'usable'; readonly path: ConfigPath; readonly key: KeyConfig }
  | { readonly kind: 'missing'; readonly path: ConfigPath; readonly names: readonly string[] }
  | { readonly kind: 'empty'; readonly path: ConfigPath };

/** Leaves out keys that are empty, repeated, or whose variable is missing, with a notice for each. */
export function resolveKeys(
  entries: readonly KeyEntry[],
  providerPath: ConfigPath,
  missing: readonly MissingVariable[],
): ResolvedKeys {
  const read = entries.map((entry, index) =>
    readKey(entry, [...providerPath, 'keys', index, 'key'], missing),
  );
  const usable = read.flatMap((each) => (each.kind === 'usable' ? [each] : []));
  const isFirst = (key: KeyConfig) =>
    usable.find((other) => other.key.material === key.material)?.key === key;
  const notices = read.flatMap((each): readonly Finding[] => {
    const message = describeLeftOut(each, isFirst);
    return message === undefined ? [] : [{ path: each.path, target: 'value', message }];
  });
  return {
    keys: usable.map(({ key }) => key).filter(isFirst),
    missingNames: [...new Set(read.flatMap((each) => (each.kind === 'missing' ? each.names : [])))],
    notices,
  };
}

function readKey(entry: KeyEntry, path: ConfigPath, missing: readonly MissingVariable[]): ReadKey {
  const place = formatPath(path);
  const names = missing.filter((variable) => formatPath(variable.path) === place).map(({ name }) => name);
  if (names.length > 0) return { kind: 'missing', path, names };
  // A key read from a file or a command often brings its line end along.
  const material = entry.key?.trim() ?? '';
  if (material === '') return { kind: 'empty', path };
  const keyId = createHash('sha256').update(material).digest('hex').slice(0, 8);
  return { kind: 'usable', path, key: { keyId, label: entry.label, material } };
}

function describeLeftOut(read: ReadKey, isFirst: (key: KeyConfig) => boolean): string | undefined {
  switch (read.kind) {
    case 'missing':
      return `this key is left out: ${read.names.join(' and ')} is not set`;
    case 'empty':
      return 'this key is empty and left out';
    case 'usable':
      return isFirst(read.key) ? undefined : 'this key is written above already and counts once';
  }
}
