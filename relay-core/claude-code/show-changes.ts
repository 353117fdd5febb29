import { publicPlaceholder } from '../config/placeholder-token.ts';
import type { ManagedKey } from './managed-keys.ts';
import { changedKeys } from './plan-changes.ts';
import { type EnvValue, readEnv } from './settings-text.ts';

/** Two settings texts and the name of their file, to be compared for the user's eyes. */
export type ShownChanges = { readonly shownAs: string; readonly before: string; readonly after: string };

const tokenStart = /^(?:ccr_|sk-ant-[a-z]+\d*-|sk-)/;

/** A secret by its kind and last four characters; short ones show nothing of themselves. */
function maskSecret(secret: string): string {
  const start = tokenStart.exec(secret)?.[0] ?? '';
  const rest = secret.slice(start.length);
  return `${start}…${rest.length < 16 ? '' : rest.slice(-4)}`;
}

/** An address without the credentials it may contain. */
function maskAddress(address: string): string {
  const url = URL.parse(address);
  if (url === null) return '…';
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain ? address : `${url.protocol}//…@${url.host}${url.pathname}`;
}

function shownText(key: ManagedKey, text: string): string {
  if (key === 'ANTHROPIC_AUTH_TOKEN') return text === publicPlaceholder ? text : maskSecret(text);
  return key === 'ANTHROPIC_BASE_URL' ? maskAddress(text) : text;
}

function lineOf(sign: '-' | '+', key: ManagedKey, value: EnvValue | undefined): readonly string[] {
  if (value === undefined) return [];
  return [
    `${sign}   "${key}": ${value.text === undefined ? '…' : JSON.stringify(shownText(key, value.text))}`,
  ];
}

/** The changes as a small diff: only our variables, secrets masked. Empty if no variable of ours differs. */
export function showChanges({ shownAs, before, after }: ShownChanges): readonly string[] {
  const old = readEnv(before);
  const now = readEnv(after);
  const lines = changedKeys(before, after).flatMap((key) => [
    ...lineOf('-', key, old.get(key)),
    ...lineOf('+', key, now.get(key)),
  ]);
  return lines.length === 0 ? [] : [`--- ${shownAs}`, `+++ ${shownAs}`, ...lines];
}
