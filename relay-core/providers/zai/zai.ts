import { buildProbe, buildRequest } from '../anthropic/anthropic.ts';
import type { ListedModel, ProviderAdapter } from '../provider.ts';
import { remedyFor } from '../remedies.ts';
import { classifyFailure, classifyStreamError } from './classify-failure.ts';

const unknownDate = '1970-01-01T00:00:00Z';

/** GLM models of the Anthropic-compatible endpoint (protocol.md 3.2). */
const models: readonly ListedModel[] = [
  'glm-5.3',
  'glm-5.3-flash',
  'glm-5.2',
  'glm-5.1',
  'glm-4.7',
  'glm-4.5-air',
].map((id) => ({ id, displayName: id.toUpperCase(), createdAt: unknownDate }));

/** Z.AI: Anthropic's format with a bearer key, and business codes of its own in error bodies. */
export const zaiAdapter: ProviderAdapter = {
  buildRequest,
  buildProbe,
  classifyFailure,
  classifyStreamError,
  models,
  remedyFor: (failure, context) =>
    failure.kind === 'unauthorized'
      ? 'check the key (ZAI_API_KEY) at z.ai/model-api and that it is activated'
      : remedyFor(failure, context),
};
