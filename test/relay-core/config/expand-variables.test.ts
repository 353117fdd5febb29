import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandVariables } from '../../../relay-core/config/expand-variables.ts';

const env = { SET: 'value', EMPTY: '', TRICKY: `\${SET} $$ $&` };

function expand(text: string): unknown {
  return expandVariables({ text }, { env }).data;
}

describe('expanding variables', () => {
  it.each([
    [`\${SET}`, 'value'],
    [`a-\${SET}-\${SET}-b`, 'a-value-value-b'],
    [`\${SET:-default}`, 'value'],
    [`\${UNSET:-default}`, 'default'],
    [`\${EMPTY:-default}`, 'default'],
    [`\${UNSET:-}`, ''],
    [`\${UNSET:-http://host:1/a b}`, 'http://host:1/a b'],
    [`\${UNSET:-$$5}`, '$5'],
    [`\${EMPTY}`, ''],
    ['$$', '$'],
    ['$$$$', '$$'],
    [`$\${SET}`, `\${SET}`],
    [`$$\${SET}`, '$value'],
    ['$SET costs 5$', '$SET costs 5$'],
    ['{SET}', '{SET}'],
  ])('turns %s into %s', (text, expected) => {
    expect(expand(text)).toEqual({ text: expected });
  });

  it('does not look into what a variable brought', () => {
    expect(expand(`\${TRICKY}`)).toEqual({ text: env.TRICKY });
  });

  it('asks the key chain for names after keychain:, never the environment, and the other way round', () => {
    const sources = {
      env: { A: 'from env' },
      secrets: new Map([
        ['A', 'from chain'],
        ['my-key.2', 'second'],
      ]),
    };
    const data = [
      `\${keychain:A}|\${A}`,
      `\${keychain:my-key.2}`,
      `\${keychain:B:-none}`,
      `\${keychain:B}\${B}`,
    ];
    const expanded = expandVariables(data, sources);
    expect(expanded.data).toEqual(['from chain|from env', 'second', 'none', `\${keychain:B}\${B}`]);
    expect(expanded.missing).toEqual([
      { path: [3], name: 'B', source: 'keychain' },
      { path: [3], name: 'B', source: 'environment' },
    ]);
    expect(expandVariables([`\${keychain:}`], sources).malformed).toHaveLength(1);
  });

  it('expands values at any depth and leaves keys and other types alone', () => {
    const reference = `\${SET}`;
    const data = { [reference]: [reference, 5, true, null, { deep: reference }] };
    const expanded = expandVariables(data, { env });
    expect(expanded.data).toEqual({ [reference]: ['value', 5, true, null, { deep: 'value' }] });
    expect([...expanded.expandedPaths]).toEqual([`["\${SET}"][0]`, `["\${SET}"][4].deep`]);
  });

  it('names each missing variable once per place and leaves the text as written', () => {
    const expanded = expandVariables({ a: [`\${X}\${Y}\${X}\${SET}`], b: `\${X:-d}` }, { env });
    expect(expanded.data).toEqual({ a: [`\${X}\${Y}\${X}\${SET}`], b: 'd' });
    expect(expanded.missing).toEqual([
      { path: ['a', 0], name: 'X', source: 'environment' },
      { path: ['a', 0], name: 'Y', source: 'environment' },
    ]);
  });

  it.each([
    ['${', /closing/],
    [`\${SET`, /closing/],
    [`\${}`, /is written/],
    [`\${my var}`, /is written/],
    [`\${1ST}`, /is written/],
    [`\${SET-default}`, /is written/],
    [`\${UNSET:-\${SET}}`, /another/],
  ])('reports %s instead of guessing', (text, reason) => {
    const { malformed, data } = expandVariables({ text }, { env });
    expect(malformed).toEqual([{ path: ['text'], target: 'value', message: expect.stringMatching(reason) }]);
    expect(data).toEqual({ text });
  });

  it('never repeats a malformed text, which may be a password', () => {
    const { malformed } = expandVariables({ text: `hunter\${2 secret}` }, { env });
    expect(JSON.stringify(malformed)).not.toMatch(/hunter|2 secret/);
  });

  it('leaves every tree without a dollar sign untouched', () => {
    const withoutDollar = fc.string().map((text) => text.replaceAll('$', ''));
    const tree = fc.jsonValue({ noUnicodeString: false }).map((value) => {
      return JSON.parse(JSON.stringify(value).replaceAll('$', ''));
    });
    fc.assert(
      fc.property(fc.oneof(withoutDollar, tree), (data) => {
        const expanded = expandVariables(data, { env });
        expect(expanded.data).toEqual(data);
        expect([...expanded.expandedPaths, ...expanded.missing, ...expanded.malformed]).toEqual([]);
      }),
    );
  });

  it('gives back any text whose dollar signs are doubled', () => {
    const texts = fc
      .array(fc.constantFrom('$', '$$', '${', '}', ':-', 'SET', 'x', ' '))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(texts, fc.string()), (text) => {
        expect(expand(text.replaceAll('$', () => '$$'))).toEqual({ text });
      }),
    );
  });
});
