import { parseArgs } from 'node:util';
import { codeOf } from '../claude-code/file-failure.ts';
import { readGuarded } from '../claude-code/guarded-file.ts';
import { showPath } from '../claude-code/settings-path.ts';
import { formatPath } from '../config/config-path.ts';
import { locateConfig } from '../config/locate-config.ts';
import { formatOf, parseConfigText } from '../config/parse-config-text.ts';
import type { SecretStore, SecretsUnavailable } from '../ports.ts';
import { environmentLines } from '../secrets/environment-lines.ts';
import { type KeyChainUse, keyChainReference, keyChainUses } from '../secrets/key-chain-uses.ts';
import { openSecretStore } from '../secrets/open-secret-store.ts';
import { isSecretName } from '../secrets/secret-name.ts';
import type { CommandContext } from './command.ts';
import { importKeys } from './keys-import.ts';
import { type KeyInput, readKeyValue } from './read-key-value.ts';

/** What the command needs beside the usual: the value's way in, and a prompt that stays on its line. */
export type KeysContext = CommandContext & {
  readonly input: KeyInput;
  /** Writes to standard error without a line end. */
  prompt(text: string): void;
};

const usage = [
  'usage: cc-relay keys add NAME       (the value comes from standard input, or is asked for)',
  '       cc-relay keys list [--config FILE]',
  '       cc-relay keys remove NAME',
  '       cc-relay keys import [--config FILE] [--dry-run]',
  'NAME: up to 64 of A-Z a-z 0-9 _ . -',
];

const wordOptions = {
  config: { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What was asked, or what is wrong with it; the mistake never repeats an argument, which may be a key. */
type Wish =
  | { readonly kind: 'add' | 'remove'; readonly name: string }
  | { readonly kind: 'list'; readonly configFlag: string | undefined }
  | { readonly kind: 'import'; readonly configFlag: string | undefined; readonly isDryRun: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly mistake?: string };

/** `cc-relay keys …`: keeps keys in the system's key chain and moves those of a config there. */
export async function keysCommand(context: KeysContext): Promise<number> {
  const wish = readWish(context.args);
  switch (wish.kind) {
    case 'help':
      for (const line of usage) context.print(line);
      return 0;
    case 'wrong':
      for (const line of wish.mistake === undefined ? usage : [wish.mistake, ...usage]) context.warn(line);
      return 2;
    case 'add':
      return await withKeyChain(context, wish.name, (store) => addKey(context, store, wish.name));
    case 'remove':
      return await withKeyChain(context, wish.name, (store) => removeKey(context, store, wish.name));
    case 'list':
      return await withKeyChain(context, undefined, (store) => listKeys(context, store, wish.configFlag));
    case 'import':
      return await withKeyChain(context, undefined, (store) => importKeys(context, store, wish));
  }
}

function readWish(args: readonly string[]): Wish {
  const words = readWords(args);
  if (words === undefined) return { kind: 'wrong', mistake: 'An option is not known or lacks its value.' };
  const { values, positionals } = words;
  const [action, name, ...surplus] = positionals;
  if (values.help || action === 'help') return { kind: 'help' };
  const { config: configFlag, 'dry-run': isDryRun = false } = values;
  switch (action) {
    case 'add':
    case 'remove':
      if (configFlag !== undefined || isDryRun) return { kind: 'wrong' };
      return readNamed(action, name, surplus);
    case 'list':
      return name === undefined && !isDryRun ? { kind: 'list', configFlag } : { kind: 'wrong' };
    case 'import':
      return name === undefined ? { kind: 'import', configFlag, isDryRun } : { kind: 'wrong' };
    default:
      return { kind: 'wrong' };
  }
}

function readWords(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: wordOptions, allowPositionals: true });
  } catch (error) {
    if (codeOf(error).startsWith('ERR_PARSE_ARGS')) return undefined;
    throw error;
  }
}

function readNamed(kind: 'add' | 'remove', name: string | undefined, surplus: readonly string[]): Wish {
  if (surplus.length > 0) {
    const mistake =
      'Only the NAME is an argument: other programs can see arguments, and shells remember them. Pipe the key in, or type it when asked.';
    return { kind: 'wrong', ...(kind === 'add' ? { mistake } : {}) };
  }
  if (name === undefined) return { kind: 'wrong' };
  if (!isSecretName(name)) return { kind: 'wrong', mistake: 'This is not a NAME for a key.' };
  // Vendors' keys are made of the same characters as names.
  if (name.startsWith('sk-')) {
    return {
      kind: 'wrong',
      mistake: 'This looks like a key, not like a NAME for one; arguments are no place for keys.',
    };
  }
  return { kind, name };
}

async function withKeyChain(
  context: CommandContext,
  name: string | undefined,
  run: (store: SecretStore) => Promise<number>,
): Promise<number> {
  const { store, fallback } = await openSecretStore(context.clock);
  return fallback === undefined ? run(store) : refuseUnavailable(context, fallback, name);
}

/** Says why the key chain cannot be used and what does the same without it. */
function refuseUnavailable(
  context: CommandContext,
  { reason, remedy }: SecretsUnavailable,
  name = 'MY_KEY',
): number {
  context.warn(`Nothing was done: ${reason}. ${remedy}`);
  for (const line of environmentLines(name)) context.warn(line);
  return 1;
}

async function addKey(context: KeysContext, store: SecretStore, name: string): Promise<number> {
  const read = await readKeyValue(context.input, (text) => context.prompt(text));
  if (!read.ok) {
    context.warn(read.message);
    return 1;
  }
  const before = await store.read(name);
  const written = before.kind === 'unavailable' ? before : await store.write(name, read.value);
  if (written.kind === 'unavailable') return refuseUnavailable(context, written, name);
  context.print(`${before.kind === 'ok' ? 'Replaced' : 'Added'} ${name} in the key chain.`);
  context.print(`In the config: key: "${keyChainReference(name)}"`);
  return 0;
}

async function removeKey(context: KeysContext, store: SecretStore, name: string): Promise<number> {
  const removed = await store.remove(name);
  switch (removed.kind) {
    case 'unavailable':
      return refuseUnavailable(context, removed, name);
    case 'missing':
      context.warn(`The key chain has no key ${name}.`);
      return 1;
    case 'ok':
      context.print(`Removed ${name} from the key chain.`);
      for (const { path, uses } of await findUses(context, undefined)) {
        const places = uses.filter((use) => use.name === name).map((use) => formatPath(use.path));
        if (places.length > 0) context.warn(`${path} still names it: ${places.join(', ')}`);
      }
      return 0;
  }
}

async function listKeys(
  context: KeysContext,
  store: SecretStore,
  configFlag: string | undefined,
): Promise<number> {
  const list = await store.list();
  if (list.kind === 'unavailable') return refuseUnavailable(context, list);
  const found = await findUses(context, configFlag);
  const uses = found.flatMap((config) => config.uses);
  for (const name of list.names) {
    const places = uses.filter((use) => use.name === name).map(({ path }) => formatPath(path));
    context.print(places.length === 0 ? name : `${name}  used by ${places.join(', ')}`);
  }
  if (list.names.length === 0) context.warn('The key chain holds no keys of CC-Relay.');
  for (const { path, name } of uses.filter((use) => !list.names.includes(use.name))) {
    context.warn(`${formatPath(path)} names the key ${name}, which is not in the key chain.`);
  }
  return 0;
}

type ConfigUses = { readonly path: string; readonly uses: readonly KeyChainUse[] };

/** The config that would be loaded, with the secrets it names; none if there is no such file or it cannot be read. */
async function findUses(
  context: CommandContext,
  configFlag: string | undefined,
): Promise<readonly ConfigUses[]> {
  const { path, exists } = await locateConfig({ ...context, configFlag });
  const shownAs = showPath(path, context.homeFolder);
  if (!exists) {
    if (configFlag !== undefined) context.warn(`${shownAs}: there is no such file`);
    return [];
  }
  const read = await readGuarded(path);
  const parsed = read.ok ? parseConfigText(read.file.text ?? '', formatOf(path) ?? 'yaml') : read;
  if (parsed.ok) return [{ path: shownAs, uses: keyChainUses(parsed.data) }];
  context.warn(`${shownAs} cannot be read, so what it uses is not known.`);
  return [];
}
