import type { ProviderEntry } from '../contracts/config.ts';
import type { CloudSettings, UpstreamConfig } from './config.ts';
import { type ConfigPath, type Finding, formatPath } from './config-path.ts';
import { describeMissing, type MissingVariable } from './expand-variables.ts';
import { defaultAuth, providerDefaults } from './provider-defaults.ts';
import { type ResolvedKeys, resolveKeys } from './resolve-keys.ts';

type Surroundings = {
  readonly allowSubscription: boolean;
  /** Those of this entry only. */
  readonly missing: readonly MissingVariable[];
  /** `models` and `model_mapping` of the file's top level. */
  readonly excerpt: Pick<ProviderEntry, 'models' | 'model_mapping'>;
};

/** One entry of `providers:` with its defaults; what it lacks puts it out of service, visibly. */
export function resolveUpstream(
  entry: ProviderEntry,
  index: number,
  { allowSubscription, missing, excerpt }: Surroundings,
): { readonly upstream: UpstreamConfig; readonly notices: readonly Finding[] } {
  const path = ['providers', index];
  const keys = resolveKeys(entry, path, missing);
  const defaults = providerDefaults[entry.type];
  const baseUrl = (entry.base_url ?? defaults.baseUrl).replace(/\/+$/, '');
  const hasKeys = keys.keys.length + keys.missing.length > 0;
  const passThrough = resolvePassThrough(entry, baseUrl, allowSubscription || !hasKeys);
  const upstream = {
    name: entry.name,
    type: entry.type,
    baseUrl,
    auth: entry.auth ?? defaultAuth(entry.type, baseUrl),
    headers: Object.entries(entry.headers ?? {}),
    proxyUrl: entry.proxy_url,
    passThrough,
    priority: entry.priority ?? entry.keys?.[0]?.priority ?? 1,
    weight: (entry.weight ?? entry.keys?.[0]?.weight) || 1,
    maxConcurrent: entry.max_concurrent ?? 0,
    timeouts: resolveTimeouts(entry.timeouts ?? {}),
    keys: spentKeys(entry, keys.keys),
    keyStrategy: entry.pooling?.strategy ?? 'least_loaded',
    models: entry.models ?? excerpt.models,
    cloud: resolveCloud(entry),
    modelMapping: new Map(Object.entries(entry.model_mapping ?? excerpt.model_mapping ?? {})),
    outOfService: missingField(missing) ?? (passThrough === 'never' ? missingKeys(keys, entry) : undefined),
  };
  const notices = upstream.outOfService === undefined ? keys.notices : outOfServiceNotices(upstream, path);
  return { upstream, notices: [...enabledNotices(entry, path), ...notices] };
}

/** The documentation gives the clouds' entries a key that is none: they are asked with the cloud's own credentials. */
const placeholderKeys: ReadonlySet<string> = new Set(['bedrock-internal', 'vertex-internal']);

function spentKeys({ type }: ProviderEntry, keys: ResolvedKeys['keys']): ResolvedKeys['keys'] {
  if (type === 'vertex') return [];
  return type === 'bedrock' ? keys.filter(({ material }) => !placeholderKeys.has(material)) : keys;
}

function resolveCloud(entry: ProviderEntry): CloudSettings {
  return {
    awsRegion: entry.aws_region,
    awsAccessKeyId: entry.aws_access_key_id,
    awsSecretAccessKey: entry.aws_secret_access_key,
    awsSessionToken: entry.aws_session_token,
    awsProfile: entry.aws_profile,
    azureResourceName: entry.azure_resource_name,
    azureApiVersion: entry.azure_api_version,
    azureDeploymentId: entry.azure_deployment_id,
    gcpProjectId: entry.gcp_project_id,
    gcpRegion: entry.gcp_region,
  };
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

function missingField(missing: readonly MissingVariable[]): string | undefined {
  const variable = missing.find(({ path }) => !isKeyMaterial(path));
  if (variable === undefined) return undefined;
  const { fault, remedy } = describeMissing([variable]);
  const field = formatPath(variable.path.slice(2));
  return `${field} needs ${fault.replace(variable.name, `${variable.name}, which`)}: ${remedy}, then restart the relay`;
}

function isKeyMaterial(path: ConfigPath): boolean {
  return path.length === 5 && path[2] === 'keys' && path[4] === 'key';
}

function missingKeys(keys: ResolvedKeys, entry: ProviderEntry): string | undefined {
  if (keys.keys.length > 0) return undefined;
  if (keys.missing.length > 0) {
    const { fault, remedy } = describeMissing(keys.missing);
    return `${fault}: ${remedy}, then restart the relay`;
  }
  const hasOwnCredential = Object.keys(entry.headers ?? {}).some((name) =>
    /^(?:authorization|x-api-key)$/i.test(name),
  );
  return providerDefaults[entry.type].needsKey && !hasOwnCredential
    ? 'it has no key: add one under keys'
    : undefined;
}

function outOfServiceNotices({ name, outOfService }: UpstreamConfig, path: ConfigPath): readonly Finding[] {
  return [{ path, target: 'value', message: `"${name}" is out of service: ${outOfService}` }];
}

function enabledNotices(entry: ProviderEntry, path: ConfigPath): readonly Finding[] {
  if (entry.enabled !== undefined) return [];
  return [{ path, target: 'value', message: `"${entry.name}" does not say "enabled": it counts as true` }];
}
