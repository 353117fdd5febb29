import { publicPlaceholder } from '../config/placeholder-token.ts';
import type { Environment } from '../ports.ts';
import { type ManagedKey, managedKeys } from './managed-keys.ts';
import { exemptRelay } from './no-proxy.ts';
import { type EnvValue, readEnv, removeVariable, setVariable } from './settings-text.ts';

/** How Claude Code shows who it is: with its own login, or with a relay token. */
export type Access =
  | { readonly mode: 'subscription' }
  | { readonly mode: 'token'; readonly relayToken: string };

/** What the settings must say afterwards. `address` is the relay's base URL, `shell` the user's environment. */
export type Wish = { readonly access: Access; readonly address: string; readonly shell: Environment };

/** The settings as they are, and as they would be without us (blank = no file). */
export type SettingsTexts = { readonly current: string; readonly original: string };

/** A variable and the value it gets; null = it is removed. */
export type VariableChange = { readonly key: ManagedKey; readonly value: string | null };

/** The new settings text and what it changes in the original. */
export type PlannedChanges = { readonly text: string; readonly changes: readonly VariableChange[] };

type Env = ReadonlyMap<string, EnvValue>;

function wantedToken(original: Env, access: Access): VariableChange | undefined {
  const key = 'ANTHROPIC_AUTH_TOKEN';
  if (access.mode === 'token') return { key, value: access.relayToken };
  // A token wins over the login: the stand-in must go. A token of the user's own stays.
  return original.get(key)?.text === publicPlaceholder ? { key, value: null } : undefined;
}

function wantedProxies(current: Env, wish: Wish): readonly VariableChange[] {
  const host = new URL(wish.address).hostname;
  const needed = exemptRelay({ env: current, shell: wish.shell, host });
  return (['NO_PROXY', 'no_proxy'] as const).flatMap((key) => {
    // What an earlier set-up wrote stays, even when this shell has no proxy variables.
    const value = needed.find((change) => change.key === key)?.value ?? current.get(key)?.text;
    return value === undefined ? [] : [{ key, value }];
  });
}

const applyChange = (text: string, { key, value }: VariableChange): string =>
  value === null ? removeVariable(text, key) : setVariable(text, key, value);

/** Computes the settings that fulfil a wish. Both texts must be free of settings problems. */
export function planChanges(texts: SettingsTexts, wish: Wish): PlannedChanges {
  const original = readEnv(texts.original);
  const token = wantedToken(original, wish.access);
  const wanted: readonly VariableChange[] = [
    ...(token === undefined ? [] : [token]),
    { key: 'ANTHROPIC_BASE_URL', value: wish.address },
    ...wantedProxies(readEnv(texts.current), wish),
  ];
  const changes = wanted.filter(({ key, value }) => (original.get(key)?.text ?? null) !== value);
  return { text: changes.reduce(applyChange, texts.original), changes };
}

/** The variables of ours whose values differ between two settings texts. */
export function changedKeys(before: string, after: string): readonly ManagedKey[] {
  const old = readEnv(before);
  const now = readEnv(after);
  return managedKeys.filter((key) => old.get(key)?.raw !== now.get(key)?.raw);
}
