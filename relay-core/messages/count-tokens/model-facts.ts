/** What the estimate must know of a model; the figures are Anthropic's, read 2026-11. */
export type ModelFacts = {
  /** Claude 4.7 brought a new tokenizer, kept by 5.x: more tokens for Latin letters, the same for the rest. */
  readonly tokenizer: 'before-4.7' | 'since-4.7';
  /** vision docs, "Resolution and token cost": larger images are scaled down until both limits hold. */
  readonly image: { readonly longEdgePixels: number; readonly tokens: number };
  /** tool-use docs, "Tool use system prompt token count". */
  readonly toolPrompt: { readonly auto: number; readonly forced: number };
};

const standardImage = { longEdgePixels: 1568, tokens: 1568 } as const;
const highResolutionImage = { longEdgePixels: 2576, tokens: 4784 } as const;

/**
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview; from the newest to the oldest, a model
 * takes the first row that is not newer than itself. 5.x is Sonnet 5's row, the only one published of that line.
 */
const toolPrompts = [
  { since: 5.0, auto: 354, forced: 474 },
  { since: 4.8, auto: 290, forced: 410 },
  { since: 4.7, auto: 675, forced: 804 },
  { since: 4.6, auto: 497, forced: 589 },
  { since: 4.5, auto: 496, forced: 588 },
  { since: 4.0, auto: 313, forced: 315 },
  { since: 0.0, auto: 346, forced: 313 },
] as const;

const newest = 5.5;
/** Vendors that are not Anthropic publish nothing of the kind; theirs is guessed as Claude 4.5's. */
const foreign = 4.5;

/** `claude-opus-4-7`, `anthropic.claude-sonnet-5`, `claude-3-5-haiku@20241022`: a date is no minor version. */
const claudeVersion = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d))?(?!\d)/;

const versionOf = (model: string): number => {
  const version = claudeVersion.exec(model);
  if (version) return Number(`${version[1]}.${version[2] ?? 0}`);
  return /claude|opus|sonnet|haiku|fable|mythos/.test(model) ? newest : foreign;
};

/** The facts of the model that a request names; an unversioned Claude name is taken as the newest. */
export const modelFactsOf = (model: string): ModelFacts => {
  const version = versionOf(model.toLowerCase());
  const { auto, forced } = toolPrompts.find(({ since }) => version >= since) ?? toolPrompts[0];
  return {
    tokenizer: version >= 4.7 ? 'since-4.7' : 'before-4.7',
    image: version >= 4.7 ? highResolutionImage : standardImage,
    toolPrompt: { auto, forced },
  };
};
