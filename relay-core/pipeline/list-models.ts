import { RelayError } from '../errors.ts';
import type { ListedModel } from '../providers/provider.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** A model in the shape of Anthropic's Models API (protocol.md 4). */
export type ModelEntry = {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  readonly created_at: string;
};

/** One page of models. */
export type ModelPage = {
  readonly data: readonly ModelEntry[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
};

const defaultLimit = 20;
const largestLimit = 1000;
/** The API's own word for "not known". */
const unknownDate = '1970-01-01T00:00:00Z';

const toEntry = ({ id, displayName, createdAt }: ListedModel): ModelEntry => ({
  type: 'model',
  id,
  display_name: displayName,
  created_at: createdAt,
});

const modelsOf = ({ config, adapter, modelList }: Upstream): readonly ListedModel[] =>
  config.models?.map(
    (id) =>
      adapter.models.find((known) => known.id === id) ?? { id, displayName: id, createdAt: unknownDate },
  ) ??
  modelList.models ??
  adapter.models;

/** Every model of every upstream in service, each id once, in the order of the configuration. */
export const allModels = (upstreams: readonly Upstream[]): readonly ModelEntry[] => {
  const byId = new Map<string, ModelEntry>();
  for (const model of upstreams.flatMap(modelsOf))
    if (!byId.has(model.id)) byId.set(model.id, toEntry(model));
  return [...byId.values()];
};

/** `GET /v1/models`: `limit` (1–1000), `after_id`, `before_id`. Throws RelayError for a bad one. */
export const listModels = (models: readonly ModelEntry[], query: URLSearchParams): ModelPage => {
  const limit = readLimit(query.get('limit'));
  const afterId = query.get('after_id');
  const beforeId = query.get('before_id');
  const from = afterId === null ? 0 : indexOfModel(models, afterId) + 1;
  const to = beforeId === null ? models.length : indexOfModel(models, beforeId);
  const range = models.slice(from, Math.max(from, to));
  // Going backwards the page is the one that touches `before_id`.
  const data = beforeId !== null && afterId === null ? range.slice(-limit) : range.slice(0, limit);
  return {
    data,
    has_more: data.length < range.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
};

/** `GET /v1/models/{id}`; throws RelayError `unknown-model`. */
export const findModel = (models: readonly ModelEntry[], id: string): ModelEntry => {
  const model = models.find((entry) => entry.id === id);
  if (model === undefined) throw new RelayError('unknown-model', `model: ${id}`);
  return model;
};

const readLimit = (text: string | null): number => {
  if (text === null) return defaultLimit;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= largestLimit) return limit;
  throw new RelayError('body-malformed', `limit: Input should be a whole number from 1 to ${largestLimit}`);
};

const indexOfModel = (models: readonly ModelEntry[], id: string): number => {
  const index = models.findIndex((entry) => entry.id === id);
  if (index === -1) throw new RelayError('body-malformed', `${id}: no such model id to page from`);
  return index;
};
