import type { ConfigFile } from '../contracts/config.ts';
import type { Config } from './config.ts';
import type { Finding } from './config-path.ts';
import type { MissingVariable } from './expand-variables.ts';
import { parseListenAddress } from './listen-address.ts';
import { settingsWithoutEffect } from './notices.ts';
import { resolveUpstream } from './resolve-upstream.ts';

/** The settings in force and what the file's author should know about them. */
export type ResolvedConfig = { readonly config: Config; readonly notices: readonly Finding[] };

/** Fills in every default. Variables missing inside a provider cost that provider only. */
export function resolveConfig(file: ConfigFile, missing: readonly MissingVariable[]): ResolvedConfig {
  const allowSubscription = file.server?.auth?.allow_subscription ?? false;
  const resolved = (file.providers ?? []).flatMap((entry, index) => {
    if (entry.enabled === false) return [];
    return [resolveUpstream(entry, index, { allowSubscription, missing })];
  });
  const upstreams = resolved.map(({ upstream }) => upstream);
  const config = {
    server: resolveServer(file.server ?? {}),
    routing: resolveRouting(file.routing ?? {}),
    breaker: resolveBreaker(file.health?.circuit_breaker ?? {}),
    logging: resolveLogging(file.logging ?? {}),
    upstreams,
  };
  const notices = [
    ...(upstreams.length === 0 ? [noProviderNotice] : []),
    ...resolved.flatMap((each) => each.notices),
    ...settingsWithoutEffect(file),
  ];
  return { config, notices };
}

const noProviderNotice: Finding = {
  path: ['providers'],
  target: 'key',
  message: 'no provider is enabled: every request will be answered with 503',
};

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
  };
}

function resolveRouting(routing: NonNullable<ConfigFile['routing']>): Config['routing'] {
  return {
    strategy: routing.strategy ?? 'failover',
    debug: routing.debug ?? false,
    maxAttempts: routing.max_attempts ?? 8,
    patienceMs: routing.patience_ms ?? 120_000,
    subscriptionFailover: routing.subscription_failover ?? true,
  };
}

type BreakerSection = NonNullable<NonNullable<ConfigFile['health']>['circuit_breaker']>;

function resolveBreaker(breaker: BreakerSection): Config['breaker'] {
  const openDurationMs = breaker.open_duration_ms ?? 0;
  return {
    failureThreshold: breaker.failure_threshold || 5,
    openDurationMs: openDurationMs > 0 ? openDurationMs : 30_000,
    halfOpenProbes: breaker.half_open_probes || 3,
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
