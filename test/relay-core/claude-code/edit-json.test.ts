import { describe, expect, it } from 'vitest';
import { removeVariable, setVariable } from '../../../relay-core/claude-code/settings-text.ts';

const add = (text: string) => setVariable(text, 'NO_PROXY', 'x');

describe('a new variable looks like its neighbours', () => {
  it.each([
    ['an empty object', '{}', '{\n  "env": {\n    "NO_PROXY": "x"\n  }\n}'],
    ['one line', '{"a":1}', '{"a":1,"env":{"NO_PROXY":"x"}}'],
    ['one line with spaces', '{ "a": 1 }', '{ "a": 1, "env": { "NO_PROXY": "x" } }'],
    ['tabs', '{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"env": {\n\t\t"NO_PROXY": "x"\n\t}\n}\n'],
    ['four spaces', '{\n    "env": {}\n}', '{\n    "env": {\n        "NO_PROXY": "x"\n    }\n}'],
    ['CRLF', '{\r\n  "env": {}\r\n}\r\n', '{\r\n  "env": {\r\n    "NO_PROXY": "x"\r\n  }\r\n}\r\n'],
    ['a byte order mark', '\uFEFF{"env":{"A":"1"}}', '\uFEFF{"env":{"A":"1","NO_PROXY":"x"}}'],
    [
      'blank lines',
      '{\n  "env": {\n\n    "A": "1"\n  }\n}',
      '{\n  "env": {\n\n    "A": "1",\n    "NO_PROXY": "x"\n  }\n}',
    ],
    ['an escaped name', '{"\\u0065nv":{"A":"1"}}', '{"\\u0065nv":{"A":"1","NO_PROXY":"x"}}'],
  ])('in %s', (_, text, expected) => {
    expect(add(text)).toBe(expected);
  });

  it('takes the comma along when it goes', () => {
    expect(removeVariable('{"env":{"NO_PROXY":"x" , "A":1}}', 'NO_PROXY')).toBe('{"env":{"A":1}}');
    expect(removeVariable('{"env":{"A":1 , "NO_PROXY":"x"}}', 'NO_PROXY')).toBe('{"env":{"A":1}}');
  });
});
