import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderType } from '../../../relay-core/contracts/config.ts';
import { mapModel } from '../../../relay-core/routing/map-model.ts';

type Offer = { type?: ProviderType; mapping?: Record<string, string>; models?: readonly string[] };

function map(model: string, { type = 'zai', mapping = {}, models }: Offer) {
  const mapped = mapModel({ model, type, mapping: new Map(Object.entries(mapping)), models });
  return mapped.ok ? [mapped.model, mapped.via] : mapped.reason;
}

const documented = {
  'claude-sonnet-4-5-20250514': 'GLM-4.7',
  'claude-sonnet-4-5': 'GLM-4.7',
  'claude-haiku-3-5': 'GLM-4.5-Air',
};

describe('mapping a model', () => {
  it('takes the exact entry before any wildcard', () => {
    const mapping = { '*': 'any', 'claude-opus-4-1': 'one', 'claude-opus-4-1*': 'more' };
    expect(map('claude-opus-4-1', { mapping })).toEqual(['one', 'exact']);
  });

  it.each([
    ['claude-opus-4-1', 'opus 4'],
    ['claude-opus-5', 'opus'],
    ['claude-haiku-4-5', 'claude'],
    ['my-sonnet-2', 'sonnet'],
    ['us.claude-sonnet-4-v1', 'regional'],
    ['gpt', 'any'],
    ['', 'any'],
  ])('else takes the wildcard with the most letters: %s', (model, expected) => {
    const mapping = {
      '*': 'any',
      'claude-*': 'claude',
      '*sonnet*': 'sonnet',
      'claude-opus*': 'opus',
      'claude-opus-4*': 'opus 4',
      'us.*-sonnet-*-v1': 'regional',
    };
    expect(map(model, { mapping })).toEqual([expected, 'wildcard']);
  });

  it('takes the first written of wildcards with equally many letters', () => {
    expect(
      map('claude-opus', { mapping: { 'claude*': 'first', '*e-opus': 'second', '*claude*': 'third' } }),
    ).toEqual(['first', 'wildcard']);
    expect(
      map('claude-opus', { mapping: { 'claude*': 'first', '*-opus*': 'no', '*claude*': 'third' } }),
    ).toEqual(['first', 'wildcard']);
  });

  it('looks at upper and lower case, and does not let the ends of a pattern overlap', () => {
    expect(map('CLAUDE-x', { mapping: { 'claude-*': 'a' } })).toMatch(/^no model for CLAUDE-x/);
    expect(map('abab', { type: 'anthropic', mapping: { 'aba*bab': 'x' } })).toEqual(['abab', 'as-is']);
    expect(map('ab', { type: 'anthropic', mapping: { 'a*b*b': 'x' } })).toEqual(['ab', 'as-is']);
    expect(map('a.c', { type: 'anthropic', mapping: { 'a*.c': 'x' } })).toEqual(['x', 'wildcard']);
    expect(map('abc', { type: 'anthropic', mapping: { 'a*.c': 'x' } })).toEqual(['abc', 'as-is']);
  });

  it.each(['zai', 'minimax', 'ollama'] as const)(
    'for %s goes on with the family, then the first model',
    (type) => {
      const offer = { type, mapping: documented, models: ['GLM-4.7', 'GLM-4-Plus'] };
      // Real ids of Claude Code are not those that the documentation prints.
      expect(map('claude-haiku-4-5-20251001', offer)).toEqual(['GLM-4.5-Air', 'family']);
      expect(map('claude-opus-4-6', offer)).toEqual(['GLM-4.7', 'first-model']);
      expect(map('GLM-4-Plus', offer)).toEqual(['GLM-4-Plus', 'as-is']);
      expect(map('claude-fable-5', { type, mapping: { 'x-fable*': 'f' } })).toEqual(['f', 'family']);
    },
  );

  it('says in one sentence why a provider is skipped, and the remedy', () => {
    expect(map('claude-opus-4-6', { type: 'ollama', mapping: documented })).toBe(
      "no model for claude-opus-4-6: add it to this provider's model_mapping, or list its models under models",
    );
    expect(map('x', { type: 'ollama', models: [] })).toMatch(/^no model for x/);
  });

  it.each(['anthropic', 'bedrock', 'azure', 'vertex'] as const)(
    'leaves other ids to %s as they are',
    (type) => {
      expect(map('claude-opus-4-6', { type, mapping: documented, models: ['m'] })).toEqual([
        'claude-opus-4-6',
        'as-is',
      ]);
      expect(map('claude-sonnet-4-5', { type, mapping: documented })).toEqual(['GLM-4.7', 'exact']);
    },
  );

  it('tolerates [1m]: it is no part of what is matched, and stays where the id is sent as it is', () => {
    expect(map('claude-sonnet-4-5[1m]', { mapping: documented })).toEqual(['GLM-4.7', 'exact']);
    expect(map('claude-sonnet-4-9[1m]', { mapping: documented })).toEqual(['GLM-4.7', 'family']);
    expect(map('x[1m]', { mapping: { '*x': 'y' } })).toEqual(['y', 'wildcard']);
    expect(map('x[1m]', { mapping: { x: 'y', 'x[1m]': 'long' } })).toEqual(['long', 'exact']);
    expect(map('claude-opus-4-6[1m]', { type: 'anthropic' })).toEqual(['claude-opus-4-6[1m]', 'as-is']);
  });

  it('matches a wildcard as a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 6 });
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 2 });
    const pattern = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('*'));
    fc.assert(
      fc.property(letters, pattern, (model, key) => {
        const expected = new RegExp(`^${key.replaceAll('*', '.*')}$`).test(model);
        const [, via] = map(model, { type: 'anthropic', mapping: { [key]: 'x' } });
        expect(via).toBe(expected ? 'wildcard' : 'as-is');
      }),
      { numRuns: 1000 },
    );
  });
});
