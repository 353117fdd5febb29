import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { withValueAt } from '../../../relay-core/config/config-path.ts';
import { defaultConfigText } from '../../../relay-core/config/default-config.ts';
import { setConfigValue } from '../../../relay-core/config/edit-config.ts';
import { parseYaml } from '../../../relay-core/config/parse-yaml.ts';

const apiKey = ['server', 'auth', 'api_key'] as const;

function edit(
  text: string,
  ...[path, value]: [Parameters<typeof setConfigValue>[1], string | number | boolean]
) {
  const result = setConfigValue(text, path, value);
  return result.ok ? result.text : result;
}

describe('setting one value of a config text', () => {
  it('adds a line to the default config and changes no other', () => {
    const listen = '  listen: 127.0.0.1:8787\n';
    expect(edit(defaultConfigText, apiKey, 'token')).toBe(
      defaultConfigText.replace(listen, `${listen}  auth:\n    api_key: token\n`),
    );
  });

  it.each([
    ['an empty text', '', 'server:\n  auth:\n    api_key: t\n'],
    ['a text that says nothing', '~\n', 'server:\n  auth:\n    api_key: t\n'],
    ['a text of comments', '# a', '# a\nserver:\n  auth:\n    api_key: t\n'],
    [
      'a value that is there',
      'server:\n  auth: { api_key: old, x: 1 } # b\n',
      'server:\n  auth: { api_key: t, x: 1 } # b\n',
    ],
    [
      'a key with nothing after it',
      'server:\n  auth:\n    api_key: # b\n',
      'server:\n  auth:\n    api_key: t # b\n',
    ],
    [
      'a map with nothing in it',
      'server:\n  auth: # b\n    # c\nx: 1\n',
      'server:\n  auth: # b\n    api_key: t\n    # c\nx: 1\n',
    ],
    [
      'a wider indentation',
      'server:\n    auth:\n        x: 1',
      'server:\n    auth:\n        x: 1\n        api_key: t\n',
    ],
    [
      'a block of text before it',
      'server:\n  auth:\n    x: |\n      a\n\n# c\n',
      'server:\n  auth:\n    x: |\n      a\n    api_key: t\n\n# c\n',
    ],
    ['a map in braces', 'server: { listen: x } # c\n', 'server: { listen: x, auth: { api_key: t } } # c\n'],
  ])('works on %s', (_name, before, after) => {
    expect(edit(before, apiKey, 't')).toBe(after);
  });

  it('keeps byte order mark and Windows line ends', () => {
    expect(edit('\uFEFFserver:\r\n  listen: x # c\r\n\r\n# d\r\n', apiKey, 't')).toBe(
      '\uFEFFserver:\r\n  listen: x # c\r\n  auth:\r\n    api_key: t\r\n\r\n# d\r\n',
    );
  });

  it('reaches into list entries', () => {
    expect(edit('providers:\n  - name: a\n  - name: b\n', ['providers', 0, 'enabled'], false)).toBe(
      'providers:\n  - name: a\n    enabled: false\n  - name: b\n',
    );
  });

  it('leaves a variable to be expanded at load', () => {
    expect(edit('', ['a'], `\${TOKEN}`)).toBe(`a: \${TOKEN}\n`);
  });

  it.each([
    ['a text that is not YAML', 'a: [', /^line 1: /],
    ['a parent that is a value', 'server: 5', /^server cannot hold auth$/],
    ['a parent that is a list', 'server: [1]', /^server cannot hold auth$/],
    ['a parent that is shared', 'a: &a {b: 1}\nserver: *a\n', /^server is an alias of another value$/],
    ['a parent that is merged in', 'a: &a {server: {b: 1}}\n<<: *a\n', /without changing other parts/],
  ])('refuses %s', (_name, text, reason) => {
    expect(setConfigValue(text, apiKey, 't')).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('refuses to change a value that another place repeats', () => {
    expect(setConfigValue('a: &x old\nb: *x\n', ['a'], 'new')).toMatchObject({ ok: false });
    expect(setConfigValue('providers: []\n', ['providers', 0, 'name'], 'new')).toMatchObject({ ok: false });
  });

  it('keeps comments and unrelated data of any config', () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant('two\nlines\n'),
      fc.constant(null),
    );
    const key = fc.constantFrom('a', 'b', 'listen', 'key: x', '# y', '1', '');
    const section = fc.dictionary(key, fc.oneof(scalar, fc.array(scalar), fc.dictionary(key, scalar)));
    const auth = fc.oneof(
      fc.constant(undefined),
      fc.constant(null),
      fc.dictionary(fc.constantFrom('api_key', 'x'), scalar),
    );
    const file = fc.record({ first: section, server: fc.record({ auth, more: section }), last: section });
    const collectionStyle = fc.constantFrom('any', 'flow');
    fc.assert(
      fc.property(
        file,
        scalar.filter((value) => value !== null),
        collectionStyle,
        (data, value, style) => {
          const written = stringify(data, {
            collectionStyle: style === 'flow' ? 'flow' : 'any',
            lineWidth: 0,
          });
          const text = `# head\n${written}# tail\n`;
          const edited = edit(text, apiKey, value);
          const before = parseYaml(text);
          const after = parseYaml(String(edited));
          expect(before.ok && after.ok && after.data).toEqual(
            before.ok && withValueAt(before.data, apiKey, value),
          );
          expect(edited).toMatch(/^# head\n[\s\S]*\n# tail\n/);
        },
      ),
    );
  });
});
