import type { ConfigFile } from '../contracts/config.ts';
import type { Config } from './config.ts';
import type { Finding } from './config-path.ts';
import type { MissingVariable } from './expand-variables.ts';
import { parseListenAddress } from './listen-address.ts';
import { settingsWithoutEffect } from './notices.ts';
import { resolveHealth } from './resolve-health.ts';
import { resolveRouting } from './resolve-routing.ts';
import { resolveUpstream } from './resolve-upstream.ts';

/** The settings in force and what the file's author should know about them. */
export type ResolvedConfig = { readonly config: Config; readonly notices: readonly Finding[] };

/** Fills in every default. Variables missing inside a provider cost that provider only. */
export function resolveConfig(file: ConfigFile, missing: readonly MissingVariable[]): ResolvedConfig {
  const allowSubscription = file.server?.auth?.allow_subscription ?? false;
  const missingOf = Map.groupBy(missing, ({ path }) => (path[0] === 'providers' ? path[1] : undefined));
  const resolved = (file.providers ?? []).flatMap((entry, index) => {
    if (entry.enabled === false) return [];
    const own = missingOf.get(index) ?? [];
    return [resolveUpstream(entry, index, { allowSubscription, missing: own, excerpt: file })];
  });
  const upstreams = resolved.map(({ upstream }) => upstream);
  const { routing, notices: routingNotices } = resolveRouting(file, upstreams);
  const { breaker, health, notices: healthNotices } = resolveHealth(file.health ?? {});
  const config = {
    server: resolveServer(file.server ?? {}),
    routing,
    breaker,
    health,
    logging: resolveLogging(file.logging ?? {}),
    upstreams,
  };
  const notices = [
    ...(upstreams.length === 0 ? [noProviderNotice] : []),
    ...excerptNotices(file),
    ...resolved.flatMap((each) => each.notices),
    ...routingNotices,
    ...healthNotices,
    ...settingsWithoutEffect(file),
  ];
  return { config, notices };
}

const noProviderNotice: Finding = {
  path: ['providers'],
  target: 'key',
  message: 'no provider is enabled: every request will be answered with 503',
};

/** Settings of one provider at the top level, as the documentation prints them in excerpts. */
function excerptNotices({
  models,
  model_mapping: modelMapping,
  providers = [],
}: ConfigFile): readonly Finding[] {
  const written = [...(models ? ['models'] : []), ...(modelMapping ? ['model_mapping'] : [])];
  const [first] = written;
  if (first === undefined) return [];
  const effect =
    providers.length === 0
      ? 'there is no provider they could apply to'
      : 'every provider without its own uses them';
  const verb = written.length === 1 ? 'belongs' : 'belong';
  const message = `${written.join(' and ')} at the top level ${verb} into a provider's entry: ${effect}`;
  return [{ path: [first], target: 'key', message }];
}

function resolveServer(server: NonNullable<ConfigFile['server']>): Config['server'] {
  const address = parseListenAddress(server.listen ?? '127.0.0.1:8787');
  // `validateConfig` has refused every other address.
  const { host, port } = address.ok ? address : { host: '127.0.0.1', port: 8787 };
  const apiKey = server.auth?.api_key?.trim() || server.api_key?.trim() || '';
  const bearerSecret = server.auth?.bearer_secret?.trim() ?? '';
  return {
    host,
    port,
    tokens: [...new Set([apiKey, bearerSecret])].filter((token) => token !== ''),
    allowSubscription: server.auth?.allow_subscription ?? false,
    allowedHosts: (server.allowed_hosts ?? []).map((host) => host.toLowerCase()),
    // 0 is the older way to say "the default".
    timeoutMs: server.timeout_ms || 600_000,
    maxBodyBytes: server.max_body_bytes || 32 * 1024 * 1024,
    maxConcurrent: server.max_concurrent ?? 0,
  };
}

function resolveLogging(logging: NonNullable<ConfigFile['logging']>): Config['logging'] {
  return { level: logging.level ?? 'info', format: logFormat(logging), output: logging.output ?? 'stderr' };
}

function logFormat({ pretty, format }: NonNullable<ConfigFile['logging']>): Config['logging']['format'] {
  if (pretty) return 'pretty';
  if (format === undefined || format === 'json') return format ?? 'auto';
  return 'pretty';
}
