import { isJsonObject } from '../../messages/json-object.ts';
import { buildProbe, buildRequest } from '../anthropic/anthropic.ts';
import { classifyFailure, classifyStreamError } from '../anthropic/classify-failure.ts';
import type { Destination, ProviderAdapter, UpstreamRequest } from '../provider.ts';
import { remedyFor } from '../remedies.ts';
import { findUnsupported } from './unsupported.ts';

/** Everything that was pulled, on the machine or in its cloud: `GET /api/tags`. */
const buildModelsRequest = (destination: Destination): UpstreamRequest => ({
  ...buildProbe(destination),
  path: `${destination.basePath}/api/tags`,
});

const unknownDate = '1970-01-01T00:00:00Z';

const readModels = (answer: unknown) => {
  const list = isJsonObject(answer) && Array.isArray(answer.models) ? answer.models : [];
  return list.flatMap((model: unknown) =>
    isJsonObject(model) && typeof model.name === 'string'
      ? [{ id: model.name, displayName: model.name, createdAt: dateOf(model.modified_at) }]
      : [],
  );
};

const dateOf = (value: unknown): string => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? unknownDate : new Date(at).toISOString();
};

const leastContext = 65_536;

/** Claude Code's first request alone is 12,000 to 25,000 tokens, and Ollama cuts what does not fit without a word. */
const readContext = (answer: unknown, model: string): string | undefined => {
  const list = isJsonObject(answer) && Array.isArray(answer.models) ? answer.models : [];
  const loaded: unknown = list.find((each: unknown) => isJsonObject(each) && each.name === model);
  const length = isJsonObject(loaded) ? loaded.context_length : undefined;
  if (typeof length !== 'number' || length >= leastContext) return undefined;
  return `${model} was loaded with a context window of ${length} tokens: what does not fit is cut silently. Claude Code needs at least ${leastContext}: start Ollama with OLLAMA_CONTEXT_LENGTH=${leastContext}`;
};

/** Ollama's Anthropic-compatible API: the same format, and silence where it does not support something. */
export const ollamaAdapter: ProviderAdapter = {
  buildRequest,
  // Without a key needed, any answer at all shows that it runs.
  buildProbe: buildModelsRequest,
  classifyFailure,
  classifyStreamError,
  models: [],
  countsTokens: false,
  findUnsupported,
  contextCheck: {
    buildRequest: (destination) => ({
      ...buildProbe(destination),
      path: `${destination.basePath}/api/ps`,
    }),
    read: readContext,
  },
  modelDiscovery: { buildRequest: buildModelsRequest, read: readModels },
  remedyFor: (failure, context) => {
    switch (failure.kind) {
      case 'unreachable':
        return `is Ollama running? Start it with \`ollama serve\`, or correct base_url (${context.baseUrl}); from Docker the host is http://host.docker.internal:11434`;
      case 'model-not-found':
        return `the model is not installed: \`ollama pull ${context.model}\`, or correct model_mapping`;
      default:
        return remedyFor(failure, context);
    }
  },
};
