import type { Access } from './plan-changes.ts';
import { hasKeyHelper, readEnv } from './settings-text.ts';

const cloudSwitches = ['BEDROCK', 'MANTLE', 'VERTEX', 'FOUNDRY', 'ANTHROPIC_AWS'].map(
  (cloud) => `CLAUDE_CODE_USE_${cloud}`,
);

/** What in the finished settings keeps Claude Code from using the relay or the login, in words for the user. */
export function findWarnings(text: string, access: Access): readonly string[] {
  const env = readEnv(text);
  const isSet = (key: string): boolean => env.has(key) && env.get(key)?.text !== '';
  const clouds = cloudSwitches
    .filter(isSet)
    .map(
      (key) =>
        `env.${key} is set: Claude Code then talks to that cloud itself and ignores ANTHROPIC_BASE_URL. Remove it or set it to "".`,
    );
  if (access.mode === 'token') return clouds;
  const credentials = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'].filter(isSet).map((key) => `env.${key}`);
  if (hasKeyHelper(text)) credentials.push('apiKeyHelper');
  const overrides = credentials.map(
    (name) =>
      `${name} is set: it wins over your Claude login and is passed through. Remove it to use the subscription.`,
  );
  return [...clouds, ...overrides];
}
