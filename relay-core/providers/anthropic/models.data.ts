import type { ListedModel } from '../provider.ts';

const unknownDate = '1970-01-01T00:00:00Z';

/** Claude models that Claude Code can be asked for (protocol.md 4.2). The API's own word for an unknown date is the epoch. */
export const anthropicModels: readonly ListedModel[] = [
  { id: 'claude-fable-5-2', displayName: 'Claude Fable 5.2', createdAt: '2026-11-09T00:00:00Z' },
  { id: 'claude-fable-5-1', displayName: 'Claude Fable 5.1', createdAt: unknownDate },
  { id: 'claude-opus-5-5', displayName: 'Claude Opus 5.5', createdAt: '2026-09-22T00:00:00Z' },
  { id: 'claude-opus-5', displayName: 'Claude Opus 5', createdAt: unknownDate },
  { id: 'claude-opus-4-8', displayName: 'Claude Opus 4.8', createdAt: unknownDate },
  { id: 'claude-sonnet-5-5', displayName: 'Claude Sonnet 5.5', createdAt: '2026-09-28T00:00:00Z' },
  { id: 'claude-sonnet-5', displayName: 'Claude Sonnet 5', createdAt: unknownDate },
  { id: 'claude-haiku-5-5', displayName: 'Claude Haiku 5.5', createdAt: unknownDate },
  { id: 'claude-haiku-4-5-20251001', displayName: 'Claude Haiku 4.5', createdAt: '2025-10-01T00:00:00Z' },
];
