import type { CheckedFields } from './checked-fields.ts';
import type { Finding } from './config-path.ts';
import { suggestion } from './nearest-name.ts';
import { readStrategy } from './older-strategies.ts';
import { type RoutingReference, routingReferences } from './routing-references.ts';

type RoutingFields = NonNullable<CheckedFields['routing']>;

/** Rules of `routing:`: what it names must exist, what its strategy needs must be there. */
export function checkRouting({ routing, providers }: CheckedFields): readonly Finding[] {
  if (routing === undefined) return [];
  const names = providers.flatMap((provider) => provider?.name ?? []);
  const references = routingReferences(routing);
  return [
    ...checkStrategy(routing, references),
    ...references.flatMap((reference) => checkReference(reference, names)),
  ];
}

function checkStrategy(
  { strategy }: RoutingFields,
  references: readonly RoutingReference[],
): readonly Finding[] {
  if (strategy === undefined || references.length > 0) return [];
  if (readStrategy(strategy).strategy !== 'model_based') return [];
  const message =
    "model_based needs to know where models go: write routing.model_mapping (the beginning of a model's name: a provider) or routing.default_provider";
  return [{ path: ['routing', 'strategy'], target: 'value', message }];
}

function checkReference({ path, target }: RoutingReference, names: readonly string[]): readonly Finding[] {
  // A routing section alone is a documented kind of file: nothing to route, nothing to compare with.
  if (names.length === 0 || names.includes(target)) return [];
  const hint = suggestion(target, names);
  const message = `names no provider${hint === '' ? `; there are: ${names.join(', ')}` : hint}`;
  return [{ path, target: 'value', message }];
}
