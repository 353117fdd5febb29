import type { Environment } from '../ports.ts';
import type { EnvValue } from './settings-text.ts';

/** What decides which hosts Claude Code reaches without a proxy. `host` is the relay's, as in its URL. */
export type NoProxySources = {
  readonly env: ReadonlyMap<string, EnvValue>;
  readonly shell: Environment;
  readonly host: string;
};

/** A variable that must change so that requests to the relay avoid proxies. */
export type NoProxyChange = { readonly key: 'NO_PROXY' | 'no_proxy'; readonly value: string };

/** A list with the missing hosts behind it; unchanged if it has them all or exempts everything. */
function withHosts(list: string, host: string): string {
  const present = list.toLowerCase().split(/[,\s]+/);
  if (present.includes('*')) return list;
  const missing = [...new Set(['127.0.0.1', 'localhost', host])].filter((entry) => !present.includes(entry));
  if (missing.length === 0) return list;
  const start = list.trim().replace(/,$/, '');
  return [start, ...missing].filter((part) => part !== '').join(',');
}

/** The changes to `NO_PROXY` and, where it is in use, `no_proxy`; settings go before the shell. */
export function exemptRelay({ env, shell, host }: NoProxySources): readonly NoProxyChange[] {
  const lowercase = env.get('no_proxy')?.text ?? shell.no_proxy ?? '';
  const effective = env.get('NO_PROXY')?.text ?? env.get('no_proxy')?.text ?? shell.NO_PROXY ?? lowercase;
  const changes: NoProxyChange[] = [];
  const uppercaseWanted = withHosts(effective, host);
  if (uppercaseWanted !== effective) changes.push({ key: 'NO_PROXY', value: uppercaseWanted });
  // Where both are set, Node's and Bun's HTTP clients read the lowercase one.
  const lowercaseWanted = lowercase === '' ? '' : withHosts(lowercase, host);
  if (lowercaseWanted !== lowercase) changes.push({ key: 'no_proxy', value: lowercaseWanted });
  return changes;
}
