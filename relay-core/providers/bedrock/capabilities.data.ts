/** Where a beta travels: `both` is what Claude Code does itself with some. */
type BetaPlace = 'body' | 'header' | 'both';
/** From and up to which version of each family (405 = 4.5) a beta is sent; a family left out never gets it. */
type ModelRange = Readonly<Record<string, readonly [from: number, to: number]>>;

/** What becomes of one beta: dropped, sent under another name, or sent to the models that know it. */
export type BetaRule =
  | { readonly kind: 'drop' }
  | { readonly kind: 'translate'; readonly to: string }
  | { readonly kind: 'send'; readonly place: BetaPlace; readonly models: ModelRange };

const anyLater = 9_999;
const claude4: ModelRange = {
  opus: [400, anyLater],
  sonnet: [400, anyLater],
  haiku: [400, anyLater],
  fable: [500, anyLater],
};
const drop: BetaRule = { kind: 'drop' };

const toolSearch = 'tool-search-tool-2025-10-19';
const thinkingTokens = 'thinking-token-count-2026-05-13';

/**
 * Betas on Bedrock's InvokeModel (protocol.md 2.4): what Claude Code sends there itself is the oracle. What has no
 * row is dropped: Bedrock refuses the whole request for one beta that it does not know.
 */
export const betaRules: ReadonlyMap<string, BetaRule> = new Map<string, BetaRule>([
  ['claude-code-20250219', { kind: 'send', place: 'header', models: claude4 }],
  [
    'effort-2025-11-24',
    {
      kind: 'send',
      place: 'header',
      models: {
        opus: [405, anyLater],
        sonnet: [406, anyLater],
        haiku: [500, anyLater],
        fable: [500, anyLater],
      },
    },
  ],
  ['interleaved-thinking-2025-05-14', { kind: 'send', place: 'body', models: claude4 }],
  [
    thinkingTokens,
    {
      kind: 'send',
      place: 'both',
      models: {
        opus: [407, anyLater],
        sonnet: [500, anyLater],
        haiku: [500, anyLater],
        fable: [500, anyLater],
      },
    },
  ],
  [
    toolSearch,
    {
      kind: 'send',
      place: 'body',
      models: {
        opus: [405, anyLater],
        sonnet: [405, anyLater],
        haiku: [500, anyLater],
        fable: [500, anyLater],
      },
    },
  ],
  ['advanced-tool-use-2025-11-20', { kind: 'translate', to: toolSearch }],
  // Later models have the long window without asking for it.
  [
    'context-1m-2025-08-07',
    { kind: 'send', place: 'body', models: { opus: [406, 406], sonnet: [400, 406] } },
  ],
  ['context-management-2025-06-27', drop],
  ['per-turn-control-2026-07-01', drop],
  ['mid-conversation-tool-changes-2026-07-01', drop],
  // Bedrock takes messages of role "system" without it.
  ['mid-conversation-system-2026-04-07', drop],
  ['prompt-caching-scope-2026-01-05', drop],
  ['extended-cache-ttl-2025-04-11', drop],
  ['redact-thinking-2026-02-12', drop],
  ['structured-outputs-2025-12-15', drop],
  ['thinking-display-updates-2026-08-18', drop],
  ['dangerous-tool-use-2026-09-03', drop],
  ['afk-mode-2026-01-31', drop],
  ['web-search-2025-03-05', drop],
  ['token-counting-2024-11-01', drop],
  ['oauth-2025-04-20', drop],
]);

/** What becomes of one field: kept, dropped, kept only beside its beta, or dropped for one value. */
export type FieldRule =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'with-beta'; readonly beta: string; readonly exceptValue?: string };

const keep: FieldRule = { kind: 'keep' };
const dropField: FieldRule = { kind: 'drop' };

/**
 * Fields of a Messages request on Bedrock; `[]` = each element. Fields and betas go together: a row here for each
 * beta above that brings one. What has no row is kept, so that Bedrock itself refuses what it does not know.
 */
export const fieldRules: ReadonlyMap<string, FieldRule> = new Map<string, FieldRule>([
  // The path names it instead.
  ['model', dropField],
  ['stream', dropField],
  ['anthropic_version', dropField],
  ['anthropic_beta', dropField],
  ['context_management', dropField],
  ['safeguards', dropField],
  ['tags', dropField],
  ['messages[].output_config', dropField],
  ['output_config.format', dropField],
  ['tools[].defer_loading', { kind: 'with-beta', beta: toolSearch }],
  ['thinking.display', { kind: 'with-beta', beta: thinkingTokens, exceptValue: 'updates' }],
  ...['system[]', 'tools[]', 'messages[].content[]', 'messages[].content[].content[]'].flatMap(
    (holder): readonly (readonly [string, FieldRule])[] => [
      [`${holder}.cache_control.ttl`, dropField],
      [`${holder}.cache_control.scope`, dropField],
      [`${holder}.cache_control.type`, keep],
    ],
  ),
  ...[
    ...['messages', 'messages[].role', 'messages[].content', 'system', 'tools', 'metadata', 'max_tokens'],
    ...['thinking', 'thinking.type', 'thinking.budget_tokens', 'output_config', 'output_config.effort'],
    ...['tools[].name', 'tools[].description', 'tools[].input_schema'],
  ].map((path): readonly [string, FieldRule] => [path, keep]),
]);
