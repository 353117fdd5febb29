import type { ProviderType } from '../contracts/config.ts';

/** What a client asked for and what a provider offers. `models` undefined = the provider lists none. */
export type ModelRequest = {
  readonly model: string;
  readonly type: ProviderType;
  readonly mapping: ReadonlyMap<string, string>;
  readonly models: readonly string[] | undefined;
};

/** The id to send and the rule that chose it, or why this provider cannot serve the model, with the remedy. */
export type MappedModel =
  | {
      readonly ok: true;
      readonly model: string;
      readonly via: 'exact' | 'wildcard' | 'family' | 'first-model' | 'as-is';
    }
  | { readonly ok: false; readonly reason: string };

/** Claude Code's mark for a long context; no provider's model id contains it. */
const longContextMark = '[1m]';
const families = ['opus', 'sonnet', 'haiku', 'fable'];

/**
 * The model id a provider is asked for (behaviour.md 5): exact, then the wildcard with the most letters; then for
 * providers of other models the same family, then the first of their models. Others get the requested id.
 */
export function mapModel({ model, type, mapping, models }: ModelRequest): MappedModel {
  const bare = model.endsWith(longContextMark) ? model.slice(0, -longContextMark.length) : model;
  const exact = mapping.get(model) ?? mapping.get(bare);
  if (exact !== undefined) return { ok: true, model: exact, via: 'exact' };
  const wildcard = findWildcard(bare, mapping);
  if (wildcard !== undefined) return { ok: true, model: wildcard, via: 'wildcard' };
  if (!hasOtherModels(type)) return { ok: true, model, via: 'as-is' };
  // Whoever asks for one of the provider's own models means it.
  if (models?.includes(bare)) return { ok: true, model: bare, via: 'as-is' };
  const relative = findFamily(bare, mapping);
  if (relative !== undefined) return { ok: true, model: relative, via: 'family' };
  const first = models?.[0];
  if (first !== undefined) return { ok: true, model: first, via: 'first-model' };
  const reason = `no model for ${model}: add it to this provider's model_mapping, or list its models under models`;
  return { ok: false, reason };
}

/** Whether a provider's models are not Claude's, so that a Claude id means nothing to it. */
function hasOtherModels(type: ProviderType): boolean {
  switch (type) {
    case 'zai':
    case 'minimax':
    case 'ollama':
      return true;
    case 'anthropic':
    case 'bedrock':
    case 'azure':
    case 'vertex':
      return false;
  }
}

function findWildcard(model: string, mapping: ReadonlyMap<string, string>): string | undefined {
  let best: string | undefined;
  let bestLength = -1;
  for (const [pattern, target] of mapping) {
    if (!pattern.includes('*')) continue;
    const length = letterCount(pattern);
    if (length <= bestLength || !matches(model, pattern)) continue;
    best = target;
    bestLength = length;
  }
  return best;
}

function letterCount(pattern: string): number {
  return pattern.length - (pattern.split('*').length - 1);
}

/** Whether the parts between the stars occur in order, the first at the beginning and the last at the end. */
function matches(model: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const head = parts[0] ?? '';
  const tail = parts.at(-1) ?? '';
  if (model.length < head.length + tail.length) return false;
  if (!model.startsWith(head) || !model.endsWith(tail)) return false;
  let from = head.length;
  for (const part of parts.slice(1, -1)) {
    const at = model.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return from <= model.length - tail.length;
}

/** The target of the first mapping entry whose key names the family that the model belongs to. */
function findFamily(model: string, mapping: ReadonlyMap<string, string>): string | undefined {
  const family = families.find((word) => model.includes(word));
  if (family === undefined) return undefined;
  for (const [key, target] of mapping) if (key.includes(family)) return target;
  return undefined;
}
