import type { Layer } from './settings-layers.ts';

/** The switches that let Claude Code talk to a cloud itself, past any base URL. */
export const cloudSwitches: readonly string[] = [
  'BEDROCK',
  'MANTLE',
  'VERTEX',
  'FOUNDRY',
  'ANTHROPIC_AWS',
].map((cloud) => `CLAUDE_CODE_USE_${cloud}`);

/** The variables that decide where Claude Code goes and as whom. */
export const decisiveVariables: readonly string[] = [
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_OAUTH_TOKEN',
  ...cloudSwitches,
];

/** How Claude Code shows who it is, by its own settings: with a token written there, or with its login. */
export function modeOf(layers: readonly Layer[]): 'subscription' | 'token' {
  const user = layers.find(({ kind }) => kind === 'user');
  return user?.env.get('ANTHROPIC_AUTH_TOKEN') ? 'token' : 'subscription';
}
