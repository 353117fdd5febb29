import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../relay-core/config/parse-yaml.ts';

function problemsOf(text: string) {
  const parsed = parseYaml(text);
  return parsed.ok ? [] : parsed.problems;
}

function dataOf(text: string): unknown {
  const parsed = parseYaml(text);
  return parsed.ok ? parsed.data : parsed.problems;
}

function placeOf(text: string, ...[path, target]: Parameters<ReturnType<typeof locator>>) {
  return locator(text)(path, target);
}

function locator(text: string) {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error('the test text should be valid YAML');
  return parsed.locate;
}

describe('reading a YAML text', () => {
  it('takes an empty text, and one of comments only, as an empty map', () => {
    expect(dataOf('')).toEqual({});
    expect(dataOf('# nothing yet\n')).toEqual({});
  });

  it('ignores a byte order mark and Windows line ends, also in positions', () => {
    const text = '\uFEFFserver:\r\n  listen: x\r\n';
    expect(dataOf(text)).toEqual({ server: { listen: 'x' } });
    expect(placeOf(text, ['server'], 'key')).toEqual({ line: 1, column: 1 });
    expect(placeOf(text, ['server', 'listen'], 'value')).toEqual({ line: 2, column: 11 });
  });

  it('merges anchors, and follows aliases', () => {
    const text = 'a: &base {x: 1}\nb:\n  <<: *base\n  y: 2\nc: *base\n';
    expect(dataOf(text)).toEqual({ a: { x: 1 }, b: { x: 1, y: 2 }, c: { x: 1 } });
    expect(placeOf(text, ['c', 'x'], 'value')).toEqual({ line: 1, column: 14 });
  });
});

describe('mistakes in a YAML text', () => {
  it.each([
    ['a tab as indentation', 'server:\n\tlisten: x\n', { line: 2, column: 1, message: /tab/ }],
    ['a key written twice', 'a: 1\nb: 2\na: 3\n', { line: 3, column: 1, message: /twice/ }],
    ['a second document', 'a: 1\n---\nb: 1\n', { line: 2, column: 1, message: /second document/ }],
    ['an alias without anchor', 'a: 1\nb: *nowhere\n', { line: 2, column: 4, message: /no anchor/ }],
    ['a value that contains itself', 'a: &a\n  - *a\n', { line: 2, column: 5, message: /inside the value/ }],
    [
      'a merge of something not a map',
      'a: &a 5\nb:\n  <<: *a\n',
      { line: 3, column: 7, message: /not a map/ },
    ],
    ['a tag nobody knows', 'a: !secret x\n', { line: 1, column: 4, message: /tag/ }],
    ['an unclosed quote', 'a: "x\n', { line: 2, column: 1, message: /quote/ }],
    ['two keys on one line', 'a: b: c\n', { line: 1, column: 4, message: /on this line/ }],
    [
      'a variable without quotes in braces',
      `a: { b: \${X} }\n`,
      { line: 1, column: 10, message: /in quotes/ },
    ],
  ])('reports %s with its place', (_name, text, { message, ...place }) => {
    const [problem] = problemsOf(text);
    expect(problem).toEqual({ ...place, path: '', message: expect.stringMatching(message) });
  });

  it('refuses aliases that multiply (billion laughs) instead of unfolding them', () => {
    const nine = (name: string) => Array(9).fill(`*${name}`).join(',');
    const levels = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const bomb = levels.map((name, index) => `${name}: &${name} [${nine('abcdefghi'.charAt(index))}]`);
    const [problem] = problemsOf(['a: &a [x]', ...bomb].join('\n'));
    expect(problem).toMatchObject({ line: 2, message: expect.stringContaining('repeat too much') });
  });

  it('survives nesting of any depth', () => {
    expect(problemsOf('['.repeat(50_000))).toEqual([
      { line: 1, column: expect.any(Number), path: '', message: 'the nesting is too deep' },
    ]);
  });

  it('reports one problem for a line, and no more than a screen of them', () => {
    expect(problemsOf('a:\n\tb: 1\n\tc: 1\n').map(({ line }) => line)).toEqual([2, 3]);
    expect(problemsOf(`a:\n${'\tb: 1\n'.repeat(100)}`)).toHaveLength(20);
  });

  it('never repeats what the text says, which may be a key', () => {
    const secret = 'sk-ant-api03-verysecret';
    for (const text of [
      `key: "a" ${secret}`,
      `key: {a: ${secret}`,
      `? [${secret}]\n: x`,
      `a: !${secret} x`,
    ]) {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(secret);
    }
  });
});

describe('finding the place of a path', () => {
  const text = 'providers:\n  - name: a\n    keys:\n      - key: k\n        label:\n';

  it('tells the key from its value', () => {
    expect(placeOf(text, ['providers', 0, 'keys', 0, 'key'], 'key')).toEqual({ line: 4, column: 9 });
    expect(placeOf(text, ['providers', 0, 'keys', 0, 'key'], 'value')).toEqual({ line: 4, column: 14 });
  });

  it('takes the key where nothing is written after it', () => {
    expect(placeOf(text, ['providers', 0, 'keys', 0, 'label'], 'value')).toEqual({ line: 5, column: 9 });
  });

  it('takes the nearest parent for what is not in the text', () => {
    expect(placeOf(text, ['providers', 0, 'type'], 'key')).toEqual({ line: 2, column: 5 });
    expect(placeOf(text, ['server', 'listen'], 'value')).toEqual({ line: 1, column: 1 });
    expect(placeOf('', ['providers'], 'key')).toEqual({ line: 1, column: 1 });
  });
});
