import { describe, expect, it } from 'vitest';
import { configOf, load, noticesOf, provider } from './config-texts.ts';

function healthCheck(settings: string): string {
  return `health: { health_check: ${settings} }\n${provider()}`;
}

describe('probes', () => {
  it.each([
    ['{}', { isEnabled: true, intervalMs: 10_000 }],
    ['{ enabled: false }', { isEnabled: false, intervalMs: 10_000 }],
    ['{ enabled: true, interval_ms: 1000 }', { isEnabled: true, intervalMs: 1000 }],
    ['{ interval_ms: 60000 }', { isEnabled: true, intervalMs: 60_000 }],
    ['{ interval_ms: 0 }', { isEnabled: true, intervalMs: 10_000 }],
    ['{ interval_ms: -5 }', { isEnabled: true, intervalMs: 10_000 }],
  ])('with health_check: %s are %j, without a notice', (settings, probes) => {
    expect(configOf(healthCheck(settings)).health.probes).toEqual(probes);
    expect(noticesOf(healthCheck(settings))).toEqual([]);
  });

  it.each([1, 999])('are never closer together than a second: %i counts as 1000', (interval) => {
    const { config, notices } = load(healthCheck(`{ interval_ms: ${interval} }`));
    expect(config.health.probes.intervalMs).toBe(1000);
    expect(notices).toMatchObject([
      { path: 'health.health_check.interval_ms', message: 'is less than a second: 1000 is used' },
    ]);
  });
});

describe('the circuit breaker', () => {
  it('takes what is written, and 0 or less as the default', () => {
    const breakerOf = (settings: string) => configOf(`health: { circuit_breaker: { ${settings} } }`).breaker;
    expect(breakerOf('failure_threshold: 2, open_duration_ms: 3, half_open_probes: 4')).toEqual({
      failureThreshold: 2,
      openDurationMs: 3,
      halfOpenProbes: 4,
    });
    expect(breakerOf('failure_threshold: 0, open_duration_ms: -1, half_open_probes: 0')).toEqual({
      failureThreshold: 5,
      openDurationMs: 30_000,
      halfOpenProbes: 3,
    });
  });
});
