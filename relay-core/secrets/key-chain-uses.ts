import { type ConfigPath, isMap } from '../config/config-path.ts';
import { keychainNamesIn } from '../config/expand-variables.ts';

/** A place of the config that names a secret: `${keychain:NAME}`. */
export type KeyChainUse = { readonly path: ConfigPath; readonly name: string };

/** Every place of a config's tree, before expansion, that names a secret. */
export function keyChainUses(data: unknown, path: ConfigPath = []): readonly KeyChainUse[] {
  if (typeof data === 'string') {
    return keychainNamesIn(data).map((name) => ({ path, name }));
  }
  if (Array.isArray(data)) return data.flatMap((item, index) => keyChainUses(item, [...path, index]));
  if (!isMap(data)) return [];
  return Object.entries(data).flatMap(([key, item]) => keyChainUses(item, [...path, key]));
}

/** How a config's text names a secret. */
export function keyChainReference(name: string): string {
  return `\${keychain:${name}}`;
}
