import type { ConfigFile } from '../contracts/config.ts';
import type { Config, UpstreamConfig } from './config.ts';
import type { Finding } from './config-path.ts';
import { readStrategy } from './older-strategies.ts';
import { type RoutingReference, routingReferences } from './routing-references.ts';

/** `routing:` with its defaults, and what its author should know: older names, settings and targets without effect. */
export function resolveRouting(
  file: ConfigFile,
  upstreams: readonly UpstreamConfig[],
): { readonly routing: Config['routing']; readonly notices: readonly Finding[] } {
  const written = file.routing ?? {};
  const { strategy, notice } = readStrategy(written.strategy ?? 'failover');
  const routing = {
    strategy,
    affinity: written.affinity ?? 'session',
    debug: written.debug ?? false,
    maxAttempts: written.max_attempts ?? 8,
    patienceMs: written.patience_ms ?? 120_000,
    queueTimeoutMs: written.queue_timeout_ms ?? 60_000,
    subscriptionFailover: written.subscription_failover ?? true,
    modelMapping: new Map(Object.entries(written.model_mapping ?? {})),
    defaultProvider: written.default_provider,
  };
  const references = routingReferences(written);
  const notices = [
    ...strategyNotices(notice),
    ...(strategy === 'model_based'
      ? idleTargets(references, file, upstreams)
      : mappingWithoutEffect(references)),
  ];
  return { routing, notices };
}

function strategyNotices(message: string | undefined): readonly Finding[] {
  return message === undefined ? [] : [{ path: ['routing', 'strategy'], target: 'value', message }];
}

function mappingWithoutEffect([first]: readonly RoutingReference[]): readonly Finding[] {
  if (first === undefined) return [];
  const message = 'has no effect: only strategy model_based routes by model';
  return [{ path: first.path.slice(0, 2), target: 'key', message }];
}

/** One notice for each provider that is named but cannot serve, where it is named first. */
function idleTargets(
  references: readonly RoutingReference[],
  { providers = [] }: ConfigFile,
  upstreams: readonly UpstreamConfig[],
): readonly Finding[] {
  const disabled = providers.filter(({ enabled }) => enabled === false).map(({ name }) => name);
  const broken = upstreams.filter(({ outOfService }) => outOfService !== undefined).map(({ name }) => name);
  const states = new Map([
    ...disabled.map((name) => [name, 'disabled'] as const),
    ...broken.map((name) => [name, 'out of service'] as const),
  ]);
  return references.flatMap(({ path, target }, index): readonly Finding[] => {
    const state = states.get(target);
    const isFirst = references.findIndex((other) => other.target === target) === index;
    if (state === undefined || !isFirst) return [];
    return [
      { path, target: 'value', message: `names "${target}", which is ${state}: no request goes there` },
    ];
  });
}
