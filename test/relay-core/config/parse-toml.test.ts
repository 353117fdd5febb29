import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import { parseToml } from '../../../relay-core/config/parse-toml.ts';
import { parseYaml } from '../../../relay-core/config/parse-yaml.ts';

function dataOf(text: string): unknown {
  const parsed = parseToml(text);
  return parsed.ok ? parsed.data : parsed.problems;
}

function problemsOf(text: string) {
  const parsed = parseToml(text);
  return parsed.ok ? [] : parsed.problems;
}

function placeOf(text: string, path: readonly (string | number)[], target: 'key' | 'value') {
  const parsed = parseToml(text);
  if (!parsed.ok) throw new Error(`the test text should be valid TOML: ${JSON.stringify(parsed.problems)}`);
  const { line, column } = parsed.locate(path, target);
  return [line, column];
}

const levels = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

describe('reading a TOML text', () => {
  it('takes an empty text, and one of comments only, as an empty map', () => {
    expect(dataOf('')).toEqual({});
    expect(dataOf('# nothing yet')).toEqual({});
  });

  it('ignores a byte order mark and Windows line ends, also in positions', () => {
    const text = '\uFEFF[server] # c\r\nlisten = "x"\r\n';
    expect(dataOf(text)).toEqual({ server: { listen: 'x' } });
    expect(placeOf(text, ['server'], 'key')).toEqual([1, 2]);
    expect(placeOf(text, ['server', 'listen'], 'value')).toEqual([2, 10]);
  });

  it('reads every way to write text and keys', () => {
    const text = [
      "a = 'C:\\x'",
      'b = """',
      'two "" lines \\""" """""',
      "c = '''it''s'''",
      '"d.e" . f = "\\u00e9\\U0001F600\\t"',
      "'g\"h' = '#'",
    ].join('\n');
    expect(dataOf(text)).toEqual({
      a: 'C:\\x',
      b: 'two "" lines """ ""',
      c: "it''s",
      'd.e': { f: 'é😀\t' },
      'g"h': '#',
    });
    expect(placeOf(text, ['d.e', 'f'], 'key')).toEqual([5, 9]);
    expect(placeOf(text, ['g"h'], 'value')).toEqual([6, 9]);
  });

  it('leaves numbers that are too large, infinite or no number to the rules, which refuse them', () => {
    const values = ['9223372036854775807', '18446744073709551621', 'inf', '-inf', 'nan', '1.5', '"1"', '-1'];
    for (const value of values) {
      const result = readConfig(`[server]\nmax_concurrent = ${value}\n`, { env: {}, format: 'toml' });
      expect(result, value).toMatchObject({
        ok: false,
        problems: [{ line: 2, column: 18, message: expect.stringMatching(/whole number|at most|at least/) }],
      });
    }
  });

  it('takes a key called __proto__ as any other', () => {
    expect(JSON.stringify(dataOf('__proto__.x = 1'))).toBe('{"__proto__":{"x":1}}');
  });
});

describe('mistakes in a TOML text', () => {
  it.each([
    ['a key written twice', 'a = 1\n\n b = 2\n a = 3\n', [4, 2], /twice/],
    ['a long value written twice', 'a = 1\na = [\n1,\n]\n', [2, 1], /twice/],
    ['a section written twice', '[a]\nb = 1\n[a]\n', [3, 1], /twice/],
    ['text without quotes', 'a = 1\nb = word\n', [2, 5], /quotes/],
    ['a missing value', 'a =\n', [1, 4], /value is missing/],
    ['a colon for an equals sign', 'a: 1\n', [1, 2], /equals sign/],
    ['an unclosed quote', 'a = "x\nb = 1\n', [1, 7], /quote/],
    ['an unclosed list', 'a = [1\nb = 1\n', [2, 1], /comma or a closing bracket/],
    ['two settings on one line', 'a = 1 b = 2\n', [1, 7], /comment/],
    ['an unknown escape', 'a = "\\d"\n', [1, 7], /escape/],
    ['a date', '[a]\nb = [1979-05-27]\n', [2, 6], /date/],
    ['a time', 'b = 07:32:00\nc = 1\n', [1, 5], /date/],
    ['a date that is none', 'b = 1979-13-45\n', [1, 5], /date/],
    ['a date with a time', 'a = 1\nb = 1979-05-27T07:32:00Z # c\n', [2, 5], /date/],
    ['no name in brackets', '[]\n', [1, 2], /name is missing/],
    ['a line that is nothing', 'a = 1\n= 2\n', [2, 1], /cannot be read/],
  ])('reports %s with its place', (_name, text, ...[[line, column], message]) => {
    expect(problemsOf(text)).toEqual([{ line, column, path: '', message: expect.stringMatching(message) }]);
  });

  it('survives nesting of any depth', () => {
    for (const text of [
      `a = ${'['.repeat(50_000)}`,
      `${'a.'.repeat(50_000)}a = 1`,
      `a = ${'{a='.repeat(50_000)}`,
    ]) {
      expect(problemsOf(text)).toMatchObject([{ line: 1, message: 'the nesting is too deep' }]);
    }
  });

  it('never repeats what the text says, which may be a key', () => {
    const secret = 'sk-ant-api03-verysecret';
    for (const text of [
      `key = ${secret}`,
      `key = "${secret}`,
      `${secret} x`,
      `[${secret}`,
      `key = "\\${secret}"`,
    ]) {
      expect(problemsOf(text)).toHaveLength(1);
      expect(JSON.stringify(problemsOf(text))).not.toContain(secret);
    }
  });

  it('speaks of TOML where YAML would say it differently', () => {
    const messagesOf = (text: string) => {
      const result = readConfig(text, { env: {}, format: 'toml' });
      return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(messagesOf('server = 5\nproviders = 5\n[[providers_]]')).toEqual([
      'server: must be a section: lines of name = value',
      'providers: must be a list: [ … ], or sections in double brackets [[…]]',
      'providers_: unknown key "providers_"; did you mean "providers"?',
    ]);
  });
});

describe('finding the place of a path in TOML', () => {
  const text = [
    '# head',
    'server.auth.api_key = "k"',
    '[[providers]]',
    'name = "a"',
    '[[providers.keys]]',
    'key = "1"',
    '  [[ providers . keys ]]',
    '  keyy = "2"',
    '[providers.timeouts]',
    'idle_ms = 5',
    '[[providers]]',
    'keys = [ { key = "3" },',
    '  { "kye" = "4" } ]',
  ].join('\n');

  it.each([
    [['server'], 'key', [2, 1]],
    [['server', 'auth', 'api_key'], 'key', [2, 13]],
    [['server', 'auth', 'api_key'], 'value', [2, 23]],
    [['providers'], 'key', [3, 3]],
    [['providers', 0], 'value', [3, 1]],
    [['providers', 0, 'keys', 1], 'value', [7, 3]],
    [['providers', 0, 'keys', 1, 'keyy'], 'key', [8, 3]],
    [['providers', 0, 'timeouts'], 'key', [9, 12]],
    [['providers', 0, 'timeouts', 'idle_ms'], 'value', [10, 11]],
    [['providers', 1], 'value', [11, 1]],
    [['providers', 1, 'keys', 1, 'kye'], 'key', [13, 5]],
    [['providers', 1, 'keys', 1, 'kye'], 'value', [13, 13]],
    [['providers', 1, 'type'], 'key', [11, 1]],
    [['nowhere', 'at all'], 'value', [2, 1]],
  ] as const)('%j as %s', (path, target, place) => {
    expect(placeOf(text, path, target)).toEqual(place);
  });

  it('names line, column and the nearest name for a typo', () => {
    expect(readConfig(text, { env: {}, format: 'toml' })).toMatchObject({
      problems: expect.arrayContaining([
        {
          line: 8,
          column: 3,
          path: 'providers[0].keys[1].keyy',
          message: 'unknown key "keyy"; did you mean "key"?',
        },
      ]),
    });
  });
});

describe('very large texts', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `name${index}`);
  const filler = 'x'.repeat(30);
  const yaml: readonly (readonly [string, string])[] = [
    ['a map of unknown keys', names.map((name) => `${name}: ${filler}\n`).join('')],
    ['a list', `models:\n${names.map((name) => `- ${name}${filler}\n`).join('')}`],
    ['comments', '# c\n'.repeat(1_200_000)],
    ['lines that begin with a tab', `a:\n${'\tb: 1\n'.repeat(200_000)}`],
    ['providers', `providers:\n${names.map((name) => `- name: ${name}\n  type: ollama\n`).join('')}`],
    ['aliases', `a: &a 1\nb: [${'*a,'.repeat(100_000)}]\n`],
    ['one text', `a: "${filler.repeat(160_000)}"`],
  ];
  const toml: readonly (readonly [string, string])[] = [
    ['a map of unknown keys', names.map((name) => `${name} = "${filler}"\n`).join('')],
    ['a list', `models = [\n${names.map((name) => `"${name}${filler}",\n`).join('')}]`],
    ['comments', '# c\n'.repeat(1_200_000)],
    ['providers', names.map((name) => `[[providers]]\nname = "${name}"\ntype = "ollama"\n`).join('')],
    ['one text', `a = "${filler.repeat(160_000)}"`],
    ['one long text', `a = """\n${`${filler}\n`.repeat(160_000)}"""`],
  ];

  it.each(yaml)('of YAML, %s, are read in seconds and say little', (_name, text) => {
    const result = readConfig(text, { env: {} });
    expect((result.ok ? result.notices : result.problems).length).toBeLessThanOrEqual(101);
  });

  it.each(toml)('of TOML, %s, are read in seconds and say little', (_name, text) => {
    const result = readConfig(text, { env: {}, format: 'toml' });
    expect((result.ok ? result.notices : result.problems).length).toBeLessThanOrEqual(101);
  });

  it('above 8 MB are refused unread', () => {
    for (const format of ['yaml', 'toml'] as const) {
      expect(readConfig('#'.repeat(8 * 1024 * 1024 + 1), { env: {}, format })).toEqual({
        ok: false,
        problems: [
          {
            ...{ line: undefined, column: undefined, path: '' },
            message: 'the file is larger than 8 MB: this is no configuration',
          },
        ],
      });
    }
  });

  it('of aliases that multiply are refused', () => {
    const nine = (name: string) => Array(9).fill(`*${name}`).join(',');
    const bomb = levels.map((name, index) => `${name}: &${name} [${nine('abcdefghi'.charAt(index))}]`);
    expect(parseYaml(['a: &a [x]', ...bomb].join('\n')).ok).toBe(false);
  });
});
