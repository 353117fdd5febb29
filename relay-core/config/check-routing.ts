import type { CheckedFields } from './checked-fields.ts';
import type { ConfigPath, Finding } from './config-path.ts';
import { suggestion } from './nearest-name.ts';

/** Rules of `routing:`: what it names must exist, what its strategy needs must be there. */
export function checkRouting({ routing, providers }: CheckedFields): readonly Finding[] {
  if (routing === undefined) return [];
  const names = providers.flatMap((provider) => provider?.name ?? []);
  const references = [
    { path: ['routing', 'default_provider'], target: routing.default_provider },
    ...Object.entries(routing.model_mapping).map(([model, target]) => ({
      path: ['routing', 'model_mapping', model],
      target,
    })),
  ];
  return [
    ...checkStrategy(routing.strategy, routing.model_mapping),
    ...references.flatMap(({ path, target }) => checkReference(target, names, path)),
  ];
}

function checkStrategy(
  strategy: string | undefined,
  modelMapping: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  if (strategy !== 'model_based' || Object.keys(modelMapping).length > 0) return [];
  const message = 'model_based needs routing.model_mapping: which models go to which provider';
  return [{ path: ['routing', 'strategy'], target: 'value', message }];
}

function checkReference(
  target: string | undefined,
  names: readonly string[],
  path: ConfigPath,
): readonly Finding[] {
  // A routing section alone is a documented kind of file: nothing to route, nothing to compare with.
  if (!target || names.length === 0 || names.includes(target)) return [];
  const hint = suggestion(target, names);
  const message = `names no provider${hint === '' ? `; there are: ${names.join(', ')}` : hint}`;
  return [{ path, target: 'value', message }];
}
