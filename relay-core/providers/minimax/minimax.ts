import { buildProbe, buildRequest } from '../anthropic/anthropic.ts';
import { classifyFailure, classifyStreamError } from '../anthropic/classify-failure.ts';
import type { ListedModel, ProviderAdapter } from '../provider.ts';
import { remedyFor } from '../remedies.ts';

const unknownDate = '1970-01-01T00:00:00Z';

/** Models of the Anthropic-compatible endpoint (cc-relay-surface 7). */
const models: readonly ListedModel[] = [
  'MiniMax-M2.5',
  'MiniMax-M2.5-highspeed',
  'MiniMax-M2.1',
  'MiniMax-M2.1-highspeed',
  'MiniMax-M2',
].map((id) => ({ id, displayName: id, createdAt: unknownDate }));

/** MiniMax: Anthropic's format with a bearer key. */
export const minimaxAdapter: ProviderAdapter = {
  buildRequest,
  buildProbe,
  classifyFailure,
  classifyStreamError,
  models,
  remedyFor,
};
