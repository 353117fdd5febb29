import type { ProviderEntry } from '../contracts/config.ts';
import type { UpstreamConfig } from './config.ts';
import { type ConfigPath, type Finding, formatPath } from './config-path.ts';
import type { MissingVariable } from './expand-variables.ts';
import { providerDefaults } from './provider-defaults.ts';
import { type ResolvedKeys, resolveKeys } from './resolve-keys.ts';

type Surroundings = { readonly allowSubscription: boolean; readonly missing: readonly MissingVariable[] };

/** One entry of `providers:` with its defaults; what it lacks puts it out of service, visibly. */
export function resolveUpstream(
  entry: ProviderEntry,
  index: number,
  { allowSubscription, missing }: Surroundings,
): { readonly upstream: UpstreamConfig; readonly notices: readonly Finding[] } {
  const path = ['providers', index];
  const ownMissing = missing.filter((variable) => startsWith(variable.path, path));
  const keys = resolveKeys(entry, path, ownMissing);
  const defaults = providerDefaults[entry.type];
  const baseUrl = (entry.base_url ?? defaults.baseUrl).replace(/\/+$/, '');
  const hasKeys = keys.keys.length + keys.missingNames.length > 0;
  const passThrough = resolvePassThrough(entry, baseUrl, allowSubscription || !hasKeys);
  const upstream = {
    name: entry.name,
    type: entry.type,
    baseUrl,
    auth: entry.auth ?? defaults.auth,
    headers: Object.entries(entry.headers ?? {}),
    proxyUrl: entry.proxy_url,
    passThrough,
    priority: entry.priority ?? entry.keys?.[0]?.priority ?? 1,
    weight: (entry.weight ?? entry.keys?.[0]?.weight) || 1,
    maxConcurrent: entry.max_concurrent ?? 0,
    timeouts: resolveTimeouts(entry.timeouts ?? {}),
    keys: keys.keys,
    keyStrategy: entry.pooling?.strategy ?? 'least_loaded',
    models: entry.models,
    modelMapping: new Map(Object.entries(entry.model_mapping ?? {})),
    outOfService:
      unsupportedType(entry) ?? missingField(ownMissing) ?? missingKeys(keys, passThrough !== 'never'),
  };
  const notices = upstream.outOfService === undefined ? keys.notices : outOfServiceNotices(upstream, path);
  return { upstream, notices: [...enabledNotices(entry, path), ...notices] };
}

function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return start.every((segment, index) => path[index] === segment);
}

function resolvePassThrough(
  { type, pass_through: passThrough }: ProviderEntry,
  baseUrl: string,
  isWelcome: boolean,
): UpstreamConfig['passThrough'] {
  if (passThrough === true) return 'any';
  if (passThrough === false || type !== 'anthropic' || !isWelcome) return 'never';
  return URL.parse(baseUrl)?.origin === 'https://api.anthropic.com' ? 'anthropic' : 'never';
}

function resolveTimeouts(timeouts: NonNullable<ProviderEntry['timeouts']>): UpstreamConfig['timeouts'] {
  return {
    connectMs: timeouts.connect_ms ?? 10_000,
    firstByteMs: timeouts.first_byte_ms,
    idleMs: timeouts.idle_ms ?? 300_000,
  };
}

function unsupportedType({ type }: ProviderEntry): string | undefined {
  return providerDefaults[type].isSupported
    ? undefined
    : `type "${type}" is not supported by this version yet`;
}

function missingField(missing: readonly MissingVariable[]): string | undefined {
  const variable = missing.find(({ path }) => !isKeyMaterial(path));
  if (variable === undefined) return undefined;
  const field = formatPath(variable.path.slice(2));
  return `${field} needs ${variable.name}, which is not set: export it, then restart the relay`;
}

function isKeyMaterial(path: ConfigPath): boolean {
  return path.length === 5 && path[2] === 'keys' && path[4] === 'key';
}

function missingKeys({ keys, missingNames }: ResolvedKeys, passesThrough: boolean): string | undefined {
  const [first, second] = missingNames;
  if (keys.length > 0 || passesThrough || first === undefined) return undefined;
  return second === undefined
    ? `${first} is not set: export it, then restart the relay`
    : `${missingNames.join(', ')} are not set: export at least one, then restart the relay`;
}

function outOfServiceNotices({ name, outOfService }: UpstreamConfig, path: ConfigPath): readonly Finding[] {
  return [{ path, target: 'value', message: `"${name}" is out of service: ${outOfService}` }];
}

function enabledNotices(entry: ProviderEntry, path: ConfigPath): readonly Finding[] {
  if (entry.enabled !== undefined) return [];
  return [{ path, target: 'value', message: `"${entry.name}" does not say "enabled": it counts as true` }];
}
