import { describe, expect, it } from 'vitest';
import type { ProviderType } from '../../../relay-core/contracts/config.ts';
import {
  defaultDeadlines,
  earlyCommitAfterMs,
  firstByteDeadlineMs,
} from '../../../relay-core/resilience/deadlines.ts';

const cloudTypes: readonly ProviderType[] = ['anthropic', 'zai', 'minimax', 'bedrock', 'azure', 'vertex'];
const providerTypes: readonly ProviderType[] = [...cloudTypes, 'ollama'];

describe('the fixed waits', () => {
  it('are those of the behaviour page', () => {
    expect(defaultDeadlines).toMatchObject({
      holdMs: 20_000,
      pingEveryMs: 15_000,
      earlyCommitMs: 120_000,
      earlyCommitOllamaMs: 20_000,
    });
  });
});

describe('the longest wait for response headers', () => {
  it.each(cloudTypes)('is two minutes at %s while somebody else is left', (type) => {
    expect(firstByteDeadlineMs(undefined, type, false)).toBe(120_000);
  });

  it('is ten minutes at ollama while somebody else is left: it loads models first', () => {
    expect(firstByteDeadlineMs(undefined, 'ollama', false)).toBe(600_000);
  });

  it.each(providerTypes)('has no end at %s for the last candidate', (type) => {
    expect(firstByteDeadlineMs(undefined, type, true)).toBeUndefined();
  });

  it.each(providerTypes)('is what is configured for %s, last or not', (type) => {
    expect([true, false].map((isLast) => firstByteDeadlineMs(5000, type, isLast))).toEqual([5000, 5000]);
  });
});

describe('the early commit', () => {
  it.each(cloudTypes)('comes after two minutes at %s', (type) => {
    expect(earlyCommitAfterMs(defaultDeadlines, type)).toBe(120_000);
  });

  it('comes after twenty seconds at ollama', () => {
    expect(earlyCommitAfterMs(defaultDeadlines, 'ollama')).toBe(20_000);
  });
});
