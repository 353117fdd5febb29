import { type ConfigPath, formatPath } from '../config/config-path.ts';
import { setConfigValue } from '../config/edit-config.ts';
import type { ConfigText } from '../config/edit-result.ts';
import { parseConfigText } from '../config/parse-config-text.ts';
import type { SecretStore, SecretsUnavailable } from '../ports.ts';
import { keyChainReference, keyChainUses } from './key-chain-uses.ts';
import { maskSecret } from './mask-secret.ts';
import { findPlainKeys, nameKeys } from './plain-keys.ts';

/** A key on its way from the config into the key chain. */
export type KeyMove = { readonly name: string; readonly value: string; readonly path: ConfigPath };

/** What an import would do. `text` is the config afterwards; `left` says of each plain key that stays why. */
export type ImportPlan = {
  readonly kind: 'ok';
  readonly text: string;
  readonly moves: readonly KeyMove[];
  readonly diff: readonly string[];
  readonly left: readonly string[];
};

/** A plan, or why there can be none. */
export type PlannedImport =
  | ImportPlan
  | SecretsUnavailable
  | { readonly kind: 'refused'; readonly message: string };

/** Plans to move the plain keys of a config text into the store. Writes nothing. */
export async function planImport(config: ConfigText, store: SecretStore): Promise<PlannedImport> {
  const parsed = parseConfigText(config.text, config.format);
  if (!parsed.ok) {
    const [problem] = parsed.problems;
    return { kind: 'refused', message: `line ${problem?.line ?? 1}: ${problem?.message ?? 'not readable'}` };
  }
  const taken = await takenNames(store, parsed.data);
  if (taken.kind === 'unavailable') return taken;

  const { plain, unmovable } = findPlainKeys(parsed.data);
  const placeOf = (path: ConfigPath): string =>
    `line ${parsed.locate(path, 'value').line}: ${formatPath(path)}`;
  const edited = applyMoves(config, nameKeys(plain, taken.names));
  return {
    kind: 'ok',
    text: edited.text,
    moves: edited.moves,
    diff: edited.moves.flatMap(({ path, value, name }) => [
      `@@ ${placeOf(path)}`,
      `-  key: ${maskSecret(value)}`,
      `+  key: ${keyChainReference(name)}`,
    ]),
    left: [...unmovable, ...edited.left].map(({ path, reason }) => `${placeOf(path)}: the key ${reason}`),
  };
}

type TakenNames = { readonly kind: 'ok'; readonly names: ReadonlyMap<string, string | undefined> };

/** Names in use, with the values behind them; undefined = the config names it, but the store does not have it. */
async function takenNames(store: SecretStore, data: unknown): Promise<TakenNames | SecretsUnavailable> {
  const names = new Map<string, string | undefined>(keyChainUses(data).map(({ name }) => [name, undefined]));
  const list = await store.list();
  if (list.kind === 'unavailable') return list;
  for (const name of list.names) {
    const read = await store.read(name);
    if (read.kind === 'unavailable') return read;
    names.set(name, read.kind === 'ok' ? read.value : undefined);
  }
  return { kind: 'ok', names };
}

function applyMoves({ text, format }: ConfigText, keys: readonly KeyMove[]) {
  let edited = text;
  const moves: KeyMove[] = [];
  const left: { path: ConfigPath; reason: string }[] = [];
  // From the end: an alias (*name) has to be written out before the value that it repeats can go.
  for (const { path, name, value } of keys.toReversed()) {
    const result = setConfigValue({ text: edited, format }, path, keyChainReference(name));
    if (result.ok) {
      edited = result.text;
      moves.unshift({ path, name, value });
    } else left.unshift({ path, reason: `has to be moved by hand: ${result.reason}` });
  }
  return { text: edited, moves, left };
}

/** The lines (1-based) of a text that still hold one of the keys, in a comment say. */
export function linesWithKeys(text: string, moves: readonly KeyMove[]): readonly number[] {
  return text
    .split('\n')
    .flatMap((line, index) => (moves.some(({ value }) => line.includes(value)) ? [index + 1] : []));
}
