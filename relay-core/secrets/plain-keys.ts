import { type ConfigPath, isMap, valueAt } from '../config/config-path.ts';
import { secretFault } from './check-secret.ts';

/** A key that stands in the config itself. `baseName` is what it would be called in the key chain. */
export type PlainKey = { readonly path: ConfigPath; readonly value: string; readonly baseName: string };

/** A plain key that cannot be moved, and why, to be read after "the key". */
export type UnmovableKey = { readonly path: ConfigPath; readonly reason: string };

/** Finds the literal `key:` values of all providers in a config's tree, before expansion. */
export function findPlainKeys(data: unknown): {
  readonly plain: readonly PlainKey[];
  readonly unmovable: readonly UnmovableKey[];
} {
  const found = keyPaths(data).flatMap(({ path, baseName }) => {
    const written = valueAt(data, path);
    return typeof written === 'string' && isLiteral(written)
      ? [{ path, baseName, value: written.replaceAll('$$', () => '$') }]
      : [];
  });
  return {
    plain: found.filter(({ value }) => secretFault(value) === undefined),
    unmovable: found.flatMap(({ path, value }) => {
      const reason = secretFault(value);
      return reason === undefined ? [] : [{ path, reason }];
    }),
  };
}

function isLiteral(text: string): boolean {
  return text.trim() !== '' && !text.replaceAll('$$', '').includes('${');
}

function keyPaths(data: unknown): readonly { readonly path: ConfigPath; readonly baseName: string }[] {
  return listAt(data, ['providers']).flatMap((provider, index) =>
    listAt(provider, ['keys']).map((key, number) => ({
      path: ['providers', index, 'keys', number, 'key'],
      baseName: nameOf(textAt(provider, 'name'), textAt(key, 'label') ?? String(number + 1)),
    })),
  );
}

const listAt = (data: unknown, path: ConfigPath): readonly unknown[] => {
  const list = valueAt(data, path);
  return Array.isArray(list) ? list : [];
};

const textAt = (data: unknown, key: string): string | undefined => {
  const text = isMap(data) ? valueAt(data, [key]) : undefined;
  return typeof text === 'string' && text !== '' ? text : undefined;
};

/** Room for a number that makes the name unique. */
const longestBaseName = 56;

function nameOf(provider: string | undefined, part: string): string {
  const words = `${provider ?? 'key'}-${part}`.replaceAll(/[^A-Za-z0-9_.]+/g, '-');
  return words.replaceAll(/^-+|-+$/g, '').slice(0, longestBaseName) || 'key';
}

/** What each key is called: a name that is free, or that holds this very key already, as after an import that broke off. */
export function nameKeys(
  keys: readonly PlainKey[],
  taken: ReadonlyMap<string, string | undefined>,
): readonly (PlainKey & { readonly name: string })[] {
  const names = new Map(taken);
  return keys.map((key) => {
    const name = freeName(key, names);
    names.set(name, key.value);
    return { ...key, name };
  });
}

function freeName({ baseName, value }: PlainKey, names: ReadonlyMap<string, string | undefined>): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? baseName : `${baseName}-${number}`;
    if (!names.has(name) || names.get(name) === value) return name;
  }
}
