import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../relay-core/errors.ts';
import {
  allModels,
  findModel,
  listModels,
  type ModelEntry,
} from '../../../relay-core/pipeline/list-models.ts';
import { anthropicAdapter } from '../../../relay-core/providers/anthropic/anthropic.ts';
import { anthropicModels } from '../../../relay-core/providers/anthropic/models.data.ts';
import type { Upstream } from '../../../relay-core/upstreams/upstream.ts';

/** As much of an upstream as its models depend on. */
const upstreamsWith = (...models: readonly (readonly string[] | undefined)[]): readonly Upstream[] =>
  models.map(
    (names) =>
      ({ config: { models: names }, adapter: anthropicAdapter, modelList: {} }) as unknown as Upstream,
  );

const models: readonly ModelEntry[] = Array.from({ length: 25 }, (_none, index) => ({
  type: 'model',
  id: `model-${index}`,
  display_name: `Model ${index}`,
  created_at: '1970-01-01T00:00:00Z',
}));
const list = (query: string, from = models) => listModels(from, new URLSearchParams(query));
const idsOf = (query: string) => list(query).data.map(({ id }) => Number(id.replace('model-', '')));
const refusalOf = (act: () => unknown): RelayError => {
  try {
    act();
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('the list of models', () => {
  it('names the models of the configuration, known ones with their names and dates', () => {
    expect(allModels(upstreamsWith(['claude-haiku-4-5-20251001', 'house-model']))).toEqual([
      {
        type: 'model',
        id: 'claude-haiku-4-5-20251001',
        display_name: 'Claude Haiku 4.5',
        created_at: '2025-10-01T00:00:00Z',
      },
      { type: 'model', id: 'house-model', display_name: 'house-model', created_at: '1970-01-01T00:00:00Z' },
    ]);
  });

  it('names the vendor’s own where the configuration names none', () => {
    expect(allModels(upstreamsWith(undefined)).map(({ id }) => id)).toEqual(
      anthropicModels.map(({ id }) => id),
    );
  });

  it('names each model once, in the order of the configuration', () => {
    expect(allModels(upstreamsWith(['b', 'a', 'b'], ['c', 'a'])).map(({ id }) => id)).toEqual([
      'b',
      'a',
      'c',
    ]);
  });

  it('describes a model as the first upstream that has it does', () => {
    const known = (displayName: string) => ({
      config: { models: undefined },
      modelList: {},
      adapter: { models: [{ id: 'a', displayName, createdAt: '2026-01-01T00:00:00Z' }] },
    });
    const upstreams = [known('First'), known('Second')] as unknown as readonly Upstream[];
    expect(allModels(upstreams).map((model) => model.display_name)).toEqual(['First']);
  });

  it('is empty without upstreams and where the configuration says so', () => {
    expect(allModels([])).toEqual([]);
    expect(allModels(upstreamsWith([]))).toEqual([]);
  });
});

describe('a page of models', () => {
  it.each([
    ['', 0, 19, true],
    ['limit=3', 0, 2, true],
    ['limit=25', 0, 24, false],
    ['limit=1000', 0, 24, false],
    ['limit=1', 0, 0, true],
    ['after_id=model-2&limit=3', 3, 5, true],
    ['after_id=model-21&limit=3', 22, 24, false],
    ['after_id=model-20', 21, 24, false],
    ['before_id=model-3', 0, 2, false],
    ['before_id=model-10&limit=3', 7, 9, true],
    ['before_id=model-3&limit=3', 0, 2, false],
    ['after_id=model-2&before_id=model-6', 3, 5, false],
    ['after_id=model-2&before_id=model-12&limit=2', 3, 4, true],
    ['something=else', 0, 19, true],
  ])('for %j goes from %i to %i', (query, ...expected) => {
    const [first, last, hasMore] = expected;
    const page = list(query);
    expect(idsOf(query)).toEqual(Array.from({ length: last - first + 1 }, (_none, index) => first + index));
    expect([page.first_id, page.last_id, page.has_more]).toEqual([
      `model-${first}`,
      `model-${last}`,
      hasMore,
    ]);
  });

  it.each([
    'after_id=model-24',
    'before_id=model-0',
    'after_id=model-5&before_id=model-5',
    'after_id=model-9&before_id=model-3',
  ])('for %j is empty', (query) => {
    expect(list(query)).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
  });

  it('of no models is empty', () => {
    expect(list('', [])).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
  });

  it('follows on the one before, until all were seen', () => {
    const seen: string[] = [];
    let query = 'limit=7';
    for (;;) {
      const page = list(query);
      seen.push(...page.data.map(({ id }) => id));
      if (!page.has_more) break;
      query = `limit=7&after_id=${page.last_id}`;
    }
    expect(seen).toEqual(models.map(({ id }) => id));
  });

  it('goes backwards just as well', () => {
    const seen: string[] = [];
    let query = 'limit=7&before_id=model-24';
    for (;;) {
      const page = list(query);
      seen.unshift(...page.data.map(({ id }) => id));
      if (!page.has_more) break;
      query = `limit=7&before_id=${page.first_id}`;
    }
    expect(seen).toEqual(models.slice(0, -1).map(({ id }) => id));
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=1001',
    'limit=1.5',
    'limit=many',
    'limit=',
    'limit=NaN',
    'limit=Infinity',
  ])('is refused for %s', (query) => {
    expect(refusalOf(() => list(query)).row.status).toBe(400);
  });

  it.each(['after_id=nobody', 'before_id=nobody', 'after_id='])('is refused for %s', (query) => {
    expect(refusalOf(() => list(query)).row).toMatchObject({ status: 400, type: 'invalid_request_error' });
  });
});

describe('a single model', () => {
  it('is found by its id', () => {
    expect(findModel(models, 'model-3').display_name).toBe('Model 3');
  });

  it.each(['nobody', '', 'MODEL-3', 'toString'])('is not found as %j: 404, and not again', (id) => {
    expect(refusalOf(() => findModel(models, id)).row).toEqual({
      status: 404,
      type: 'not_found_error',
      shouldRetry: false,
    });
  });
});
