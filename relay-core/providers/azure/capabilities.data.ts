import type { Capability } from '../cloud/capabilities.ts';

/**
 * What Azure AI Foundry takes. Seen: what Claude Code itself sends there (fixture cc-foundry, protocol.md 2.4), where it
 * asks for an older model: newer features were not seen, and only those that no other cloud takes are left out.
 */
export const azureCapabilities: readonly Capability[] = [
  { verdict: 'keep', beta: 'claude-code-20250219' },
  { verdict: 'keep', beta: 'interleaved-thinking-2025-05-14', field: 'thinking' },
  { verdict: 'keep', beta: 'context-management-2025-06-27', field: 'context_management' },
  { verdict: 'keep', beta: 'web-search-2025-03-05' },
  { verdict: 'keep', beta: 'thinking-token-count-2026-05-13', field: 'thinking.display=omitted' },
  { verdict: 'keep', beta: 'advanced-tool-use-2025-11-20', field: 'tools[].defer_loading' },
  { verdict: 'keep', beta: 'tool-search-tool-2025-10-19', field: 'tools[].defer_loading' },
  { verdict: 'keep', beta: 'effort-2025-11-24', field: 'output_config.effort' },
  { verdict: 'keep', field: 'messages[].role=system' },
  { verdict: 'keep', beta: 'context-1m-2025-08-07' },
  { verdict: 'keep', beta: 'extended-cache-ttl-2025-04-11', field: 'system[].cache_control.ttl' },
  { verdict: 'keep', beta: 'token-counting-2024-11-01' },
  // Assumed: both are documented for Foundry or change nothing in the body.
  { verdict: 'keep', beta: 'structured-outputs-*', field: 'output_config.format' },
  { verdict: 'keep', beta: 'redact-thinking-2026-02-12' },
  // Assumed: no cloud that was seen takes them.
  { verdict: 'drop', beta: 'per-turn-control-2026-07-01', field: 'messages[].output_config' },
  { verdict: 'drop', beta: 'mid-conversation-tool-changes-2026-07-01' },
  { verdict: 'drop', beta: 'dangerous-tool-use-2026-09-03', field: 'safeguards' },
  { verdict: 'drop', beta: 'afk-mode-2026-01-31' },
  { verdict: 'drop', beta: 'thinking-display-updates-2026-08-18', field: 'thinking.display=updates' },
  { verdict: 'drop', beta: 'request-tags-*', field: 'tags' },
  // Speaks of a credential that does not go there.
  { verdict: 'drop', beta: 'oauth-*' },
];
