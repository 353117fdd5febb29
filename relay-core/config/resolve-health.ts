import type { ConfigFile } from '../contracts/config.ts';
import type { Config } from './config.ts';
import type { Finding } from './config-path.ts';

type HealthSection = NonNullable<ConfigFile['health']>;
type ResolvedHealth = Pick<Config, 'breaker' | 'health'> & { readonly notices: readonly Finding[] };

const defaultIntervalMs = 10_000;
/** Probes are real requests: closer together they would be an attack on the provider. */
const shortestIntervalMs = 1_000;

/** `health:` with its defaults; 0 or less is the older way to say "the default". */
export function resolveHealth(health: HealthSection): ResolvedHealth {
  const writtenMs = health.health_check?.interval_ms ?? 0;
  const isTooShort = writtenMs > 0 && writtenMs < shortestIntervalMs;
  const intervalMs = writtenMs > 0 ? Math.max(writtenMs, shortestIntervalMs) : defaultIntervalMs;
  return {
    breaker: resolveBreaker(health.circuit_breaker ?? {}),
    health: { probes: { isEnabled: health.health_check?.enabled ?? true, intervalMs } },
    notices: isTooShort ? [tooShortNotice] : [],
  };
}

const tooShortNotice: Finding = {
  path: ['health', 'health_check', 'interval_ms'],
  target: 'value',
  message: `is less than a second: ${shortestIntervalMs} is used`,
};

function resolveBreaker(breaker: NonNullable<HealthSection['circuit_breaker']>): Config['breaker'] {
  const openDurationMs = breaker.open_duration_ms ?? 0;
  return {
    failureThreshold: breaker.failure_threshold || 5,
    openDurationMs: openDurationMs > 0 ? openDurationMs : 30_000,
    halfOpenProbes: breaker.half_open_probes || 3,
  };
}
