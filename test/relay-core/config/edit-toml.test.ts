import TOML from '@iarna/toml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutKeyAt, withValueAt } from '../../../relay-core/config/config-path.ts';
import { deleteConfigValue, setConfigValue } from '../../../relay-core/config/edit-config.ts';
import type { ConfigValue } from '../../../relay-core/config/edit-result.ts';
import { parseToml } from '../../../relay-core/config/parse-toml.ts';

const apiKey = ['server', 'auth', 'api_key'] as const;

function edit(text: string, path: readonly (string | number)[], value: ConfigValue) {
  const result = setConfigValue({ text, format: 'toml' }, path, value);
  return result.ok ? result.text : result;
}

function remove(text: string, path: readonly (string | number)[]) {
  const result = deleteConfigValue({ text, format: 'toml' }, path);
  return result.ok ? result.text : result;
}

function dataOf(text: unknown) {
  const parsed = parseToml(String(text));
  return parsed.ok ? parsed.data : parsed.problems;
}

const file = [
  '# head',
  '',
  '[server] # s',
  "listen = 'x'   # l",
  'auth = { api_key = "old" } # a',
  '',
  '# about a',
  '[[providers]]',
  'name = "a"',
  '# timeouts = 5',
  '',
  '[[providers.keys]]',
  '  key = "k" # k',
  '  #rpm_limit = 5',
  '',
  '# about b',
  '[[providers]]',
  'name = "b"',
  'models = [',
  '  "m", # m',
  ']',
  '',
  '# tail',
  '',
].join('\n');

type Setting = {
  readonly path: readonly (string | number)[];
  readonly value: ConfigValue;
  readonly before: string;
  readonly after: string;
};

const mappingBlock = '[providers.model_mapping]\n"claude-*" = "m"\n';
const settings: Readonly<Record<string, Setting>> = {
  'a value, whose kind of quotes stays': {
    ...{ path: ['server', 'listen'], value: 'y' },
    ...{ before: "listen = 'x' ", after: "listen = 'y' " },
  },
  'a value in braces': { path: apiKey, value: 'new', before: '"old"', after: '"new"' },
  'a new key': {
    ...{ path: ['server', 'timeout_ms'], value: 5 },
    ...{ before: '} # a\n', after: '} # a\ntimeout_ms = 5\n' },
  },
  'a new key of a list entry': {
    ...{ path: ['providers', 0, 'keys', 0, 'weight'], value: 2 },
    ...{ before: ' # k\n', after: ' # k\n  weight = 2\n' },
  },
  'a list': {
    ...{ path: ['providers', 1, 'models'], value: ['n', 'o'] },
    ...{ before: '  "m", # m\n]', after: '  "n", # m\n  "o",\n]' },
  },
  'a key in braces': {
    ...{ path: ['server', 'auth', 'allow_bearer'], value: true },
    ...{ before: '"old" }', after: '"old", allow_bearer = true }' },
  },
  'a new section': {
    ...{ path: ['routing', 'debug'], value: true },
    ...{ before: '# tail\n', after: '# tail\n\n[routing]\ndebug = true\n' },
  },
  'a new section of a list entry': {
    ...{ path: ['providers', 0, 'timeouts', 'idle_ms'], value: 5 },
    before: '  #rpm_limit = 5\n',
    after: '  #rpm_limit = 5\n\n[providers.timeouts]\nidle_ms = 5\n',
  },
  'a whole section': {
    ...{ path: ['providers', 1, 'model_mapping'], value: { 'claude-*': 'm' } },
    ...{ before: ']\n', after: `]\n\n${mappingBlock}` },
  },
};

describe('setting one value of a TOML text', () => {
  it.each(Object.entries(settings))(
    'changes %s and no other byte',
    (_name, { path, value, before, after }) => {
      const at = file.lastIndexOf(before);
      const expected = file.slice(0, at) + after + file.slice(at + before.length);
      expect(edit(file, path, value)).toBe(expected);
      const withMarks = (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
      expect(edit(withMarks(file), path, value)).toBe(withMarks(expected));
    },
  );

  it.each([
    ['', '[server.auth]\napi_key = "t"\n'],
    ['# only', '# only\n\n[server.auth]\napi_key = "t"\n'],
    ['server.auth.x = 1', 'server.auth.x = 1\nserver.auth.api_key = "t"\n'],
    ['[server.auth]', '[server.auth]\napi_key = "t"\n'],
  ])('works on %j', (before, after) => {
    expect(dataOf(edit(before, apiKey, 't'))).toEqual(dataOf(after));
    expect(String(edit(before, apiKey, 't')).startsWith(before)).toBe(true);
  });

  it('adds a top-level key before the first section', () => {
    expect(edit('# head\n\n# a\n[a]\n', ['x'], 1)).toBe('# head\n\nx = 1\n\n# a\n[a]\n');
  });

  it.each([
    ['a text that is not TOML', 'a = [', /^line 1: /],
    ['a parent that is a value', 'server = 5', /^server cannot hold auth$/],
    ['a parent that is a list', 'server = [1]', /^server cannot hold auth$/],
  ])('refuses %s', (_name, text, reason) => {
    const result = setConfigValue({ text, format: 'toml' }, apiKey, 't');
    expect(result).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });
});

it('sets a value in braces whatever stands in other sections', () => {
  const rest = '\n[[list]]\nname = ""\nmore = { }\n\n[[list]]\nname = ""\n\n  [list.more]\n  a = { }\n';
  expect(dataOf(String(edit(`server = { } # s\n${rest}`, apiKey, 't')))).toMatchObject({
    server: { auth: { api_key: 't' } },
  });
  expect(edit(`server = { } # s\n${rest}`, apiKey, 't')).toMatch(/^server = \{.*\} # s\n/);
});

describe('removing one value of a TOML text', () => {
  it.each([
    ['a key with its comment', ['server', 'listen'], "listen = 'x'   # l\n"],
    ['a key in braces', apiKey, ' api_key = "old" '],
    [
      'a list entry',
      ['providers', 0, 'keys', 0],
      '[[providers.keys]]\n  key = "k" # k\n  #rpm_limit = 5\n\n',
    ],
    ['a key of several lines', ['providers', 1, 'models'], 'models = [\n  "m", # m\n]\n'],
  ] as const)('takes %s and no other byte', (_name, path, gone) => {
    const expected = file.replace(gone, '');
    const edited = remove(file, path);
    // The library keeps the comment's column.
    expect(String(edited).replace('{}      ', '{} ')).toBe(expected);
  });

  it('takes a section', () => {
    expect(remove('[a]\nb = 1\n\n# c\n[a.c]\nd = 1\n\n[e]\n', ['a', 'c'])).toBe('[a]\nb = 1\n\n[e]\n');
  });
});

describe('any edit of any TOML text', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant('two\nlines\n'));
  const key = fc.constantFrom('a', 'b', 'listen', 'key = x', '# y', '1', '"');
  const section = fc.dictionary(key, fc.oneof(scalar, fc.array(fc.string()), fc.dictionary(key, scalar)));
  const auth = fc.oneof(fc.dictionary(fc.constantFrom('api_key', 'x'), scalar));
  const list = fc.array(fc.record({ name: fc.string(), more: section }), { maxLength: 3 });
  const anyFile = fc.record(
    { first: section, server: fc.record({ more: section, auth }, { requiredKeys: [] }), list, last: section },
    { requiredKeys: ['first', 'last'] },
  );

  it('changes what it should, keeps every comment, or says why not', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyFile, scalar, fc.boolean(), (data, value, isRemoval) => {
        const written = TOML.stringify(JSON.parse(JSON.stringify(data)));
        const text = `# head\n\n${written.replaceAll(/^(\s*\[.*\])$/gm, '$1 # section')}\n# tail\n`;
        const before = dataOf(text);
        const edited = isRemoval ? remove(text, apiKey) : edit(text, apiKey, value);
        if (typeof edited !== 'string') {
          refused += 1;
          return;
        }
        if (!isRemoval) expect(dataOf(edited)).toEqual(withValueAt(before, apiKey, value));
        else expect(JSON.stringify(dataOf(edited))).not.toContain('api_key');
        if (isRemoval && edited === text) expect(before).toEqual(withoutKeyAt(before, apiKey));
        expect(edited).toMatch(/^# head\n\n[\s\S]*# tail\n/);
        const comments = (from: string) => from.split('# section').length;
        if (!isRemoval) expect(comments(edited)).toBe(comments(text));
      }),
    );
    expect(refused).toBe(0);
  });
});
