import type { Capability } from '../cloud/capabilities.ts';

/**
 * What Vertex AI takes. Seen: what Claude Code itself sends there (fixture cc-vertex, protocol.md 2.4). Assumed, where
 * Claude Code was never seen to ask Vertex for it: the safe side, which is to leave it out.
 */
export const vertexCapabilities: readonly Capability[] = [
  { verdict: 'keep', beta: 'claude-code-20250219' },
  { verdict: 'keep', beta: 'interleaved-thinking-2025-05-14', field: 'thinking' },
  { verdict: 'keep', beta: 'thinking-token-count-2026-05-13', field: 'thinking.display=omitted' },
  { verdict: 'keep', beta: 'effort-2025-11-24', field: 'output_config.effort' },
  { verdict: 'keep', beta: 'web-search-2025-03-05' },
  { verdict: 'keep', beta: 'tool-search-tool-2025-10-19', field: 'tools[].defer_loading' },
  {
    verdict: 'translate',
    beta: 'advanced-tool-use-2025-11-20',
    into: 'tool-search-tool-2025-10-19',
    field: 'tools[].defer_loading',
  },
  { verdict: 'keep', field: 'messages[].role=system' },
  // The official client sends it in the header; Vertex was also seen to refuse it there (LiteLLM #31607).
  { verdict: 'keep', beta: 'context-1m-2025-08-07' },
  // Assumed: one-hour caching is documented for Vertex.
  { verdict: 'keep', beta: 'extended-cache-ttl-2025-04-11', field: 'system[].cache_control.ttl' },
  { verdict: 'drop', beta: 'context-management-2025-06-27', field: 'context_management' },
  { verdict: 'drop', beta: 'per-turn-control-2026-07-01', field: 'messages[].output_config' },
  { verdict: 'drop', beta: 'mid-conversation-tool-changes-2026-07-01' },
  { verdict: 'drop', beta: 'dangerous-tool-use-2026-09-03', field: 'safeguards' },
  { verdict: 'drop', beta: 'afk-mode-2026-01-31' },
  { verdict: 'drop', beta: 'thinking-display-updates-2026-08-18', field: 'thinking.display=updates' },
  { verdict: 'drop', beta: 'redact-thinking-2026-02-12' },
  // Vertex was seen to refuse an earlier one (Vercel AI #10981).
  { verdict: 'drop', beta: 'structured-outputs-*', field: 'output_config.format' },
  { verdict: 'drop', beta: 'request-tags-*', field: 'tags' },
  // Speaks of a credential that does not go there.
  { verdict: 'drop', beta: 'oauth-*' },
  // Counting is asked for by its path.
  { verdict: 'drop', beta: 'token-counting-2024-11-01' },
];

/** Counting refuses betas that messages take (anthropics/claude-code #12429); no count depends on one. */
export const vertexCountCapabilities: readonly Capability[] = [
  { verdict: 'keep', beta: 'claude-code-20250219' },
  { verdict: 'keep', beta: 'interleaved-thinking-2025-05-14' },
  { verdict: 'drop', beta: '*' },
  ...vertexCapabilities,
];
