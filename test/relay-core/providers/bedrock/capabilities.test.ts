import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { betaRules, fieldRules } from '../../../../relay-core/providers/bedrock/capabilities.data.ts';
import { claudeCodeRequest } from './bedrock-parts.ts';

const names = readdirSync(new URL('../../../fixtures/claude-code-requests/', import.meta.url))
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

/** Where a request's own structure ends: what lies deeper are the contents of tools, blocks and settings. */
const ownStructure = /^(?:thinking|output_config|messages\[\]|tools\[\])$/;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const pathsIn = (value: unknown, path: string): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((element) => pathsIn(element, `${path}[]`));
  if (!isRecord(value)) return [];
  if (path !== '' && !ownStructure.test(path)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return [own, ...pathsIn(inner, own)];
  });
};

const cacheFieldsIn = (body: unknown): readonly string[] => {
  const found = new Set<string>();
  JSON.stringify(body, (name, value) => {
    if (name === 'cache_control') for (const field of Object.keys(value)) found.add(field);
    return value;
  });
  return [...found].map((field) => `messages[].content[].cache_control.${field}`);
};

describe('the capability table', () => {
  it('has a row for every beta that Claude Code sends', () => {
    const betas = names.flatMap((name) =>
      (findHeader(claudeCodeRequest(name).rawHeaders ?? [], 'anthropic-beta') ?? '').split(','),
    );
    const missing = new Set(betas.filter((beta) => beta !== '' && !betaRules.has(beta)));
    expect(betas.length).toBeGreaterThan(100);
    expect([...missing]).toEqual([]);
  });

  it('has a row for every field that Claude Code sends', () => {
    const paths = names.flatMap((name) => {
      const { body } = claudeCodeRequest(name);
      return [...pathsIn(body, ''), ...cacheFieldsIn(body)];
    });
    expect(paths).toContain('messages[].output_config');
    expect([...new Set(paths.filter((path) => !fieldRules.has(path)))]).toEqual([]);
  });

  it('translates only to betas that it sends', () => {
    for (const rule of betaRules.values())
      if (rule.kind === 'translate') expect(betaRules.get(rule.to)?.kind).toBe('send');
  });
});
