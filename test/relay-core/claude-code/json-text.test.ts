import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonProblem } from '../../../relay-core/claude-code/json-text.ts';
import { settingsText } from './settings-texts.ts';

const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 2 }),
  added: fc.constantFrom(
    '',
    ',',
    '{',
    '}',
    '"',
    '\\',
    '//',
    '1',
    '-',
    '.',
    '\u0000',
    '\u00a0',
    '\uFEFF',
    'e',
    'null',
    '[]',
  ),
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

describe('finding what is wrong with a JSON text', () => {
  it('finds something exactly when JSON.parse does', () => {
    fc.assert(
      fc.property(settingsText, damage, (text, { at, removed, added }) => {
        const offset = Math.floor(at * text.length);
        const damaged = text.slice(0, offset) + added + text.slice(offset + removed);
        expect(findJsonProblem(damaged) === undefined).toBe(isJson(damaged));
      }),
      { numRuns: 3000 },
    );
  });
});
