import type { ConfigPath } from './config-path.ts';

type RoutingNames = {
  readonly model_mapping?: Readonly<Record<string, string | undefined>> | undefined;
  readonly default_provider?: string | undefined;
};

/** A place of `routing:` that names a provider. */
export type RoutingReference = { readonly path: ConfigPath; readonly target: string };

/** Every provider that `routing:` names, the mapping first; what is empty or absent names none. */
export function routingReferences(routing: RoutingNames): readonly RoutingReference[] {
  const written = [
    ...Object.entries(routing.model_mapping ?? {}).map(([prefix, target]) => ({
      path: ['routing', 'model_mapping', prefix],
      target,
    })),
    { path: ['routing', 'default_provider'], target: routing.default_provider },
  ];
  return written.flatMap(({ path, target }) => (target ? [{ path, target }] : []));
}
