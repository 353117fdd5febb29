import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editBody } from '../../../../relay-core/providers/cloud/edit-body.ts';

const edit = (
  text: string,
  { drop = [], model, add = [] }: { drop?: string[]; model?: string; add?: [string, string][] } = {},
) => editBody(Buffer.from(text), { droppedFields: drop, model, added: add }).toString();

describe('editing a request body', () => {
  it('returns the very bytes when nothing is to be changed', () => {
    const body = Buffer.from('{ "model" : "m", "big": 12345678901234567890, "a": {"b": 1} }');
    expect(editBody(body, { droppedFields: ['x', 'a.c', 'a[].b', 'big.x'], model: 'm', added: [] })).toBe(
      body,
    );
  });

  it('keeps the bytes of what stays: numbers, escapes and spaces', () => {
    const body = '{"model":"m","n":12345678901234567890,"t":"\\u00e9 \\" } ","gone":[{}],"e":{ "k" : 1.0 }}';
    expect(edit(body, { drop: ['gone'], model: 'other' })).toBe(
      '{"model":"other","n":12345678901234567890,"t":"\\u00e9 \\" } ","e":{ "k" : 1.0 }}',
    );
  });

  it.each([
    ['a field', '{"a":1,"b":2}', ['a'], '{"b":2}'],
    ['the last field', '{"a":1,"b":2}', ['b'], '{"a":1}'],
    ['a field that comes twice', '{"b":1,"a":0,"b":2}', ['b'], '{"a":0}'],
    ['a field whose name is escaped', '{"\\u0061":1,"b":2}', ['a'], '{"b":2}'],
    ['a nested field', '{"a":{"b":1,"c":2}}', ['a.b'], '{"a":{"c":2}}'],
    ['what held nothing else', '{"z":0,"a":{"b":1}}', ['a.b'], '{"z":0}'],
    ['a field of each item', '{"a":[{"b":1,"c":2},{"c":3},4]}', ['a[].b'], '{"a":[{"c":2},{"c":3},4]}'],
    ['a field with that value', '{"a":{"b":"x","c":1}}', ['a.b=x'], '{"a":{"c":1}}'],
    ['not a field with another value', '{"a":{"b":"y","c":1}}', ['a.b=x'], '{"a":{"b":"y","c":1}}'],
    ['nothing of the same name further in', '{"x":{"a":1}}', ['a'], '{"x":{"a":1}}'],
  ])('leaves out %s', (...[, body, drop, expected]) => {
    expect(edit(body, { drop })).toBe(expected);
  });

  it('sets a string in place of the client’s own', () => {
    expect(edit('{"v":"old","a":1}', { add: [['v', 'new']] })).toBe('{"a":1,"v":"new"}');
    expect(edit('{}', { add: [['v', 'new']] })).toBe('{"v":"new"}');
  });

  it.each(['{"a":1', '[1]', 'x', '', '{"a":1 "b":2}', '{"a":}'])(
    'passes %j, which is no object, as it came',
    (text) => {
      expect(edit(text, { drop: ['a'], add: [['v', 'x']] })).toBe(text);
    },
  );

  it('does to any JSON what a parser would', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (fields, name) => {
        fc.pre(!/[.=]|\[\]$/.test(name) && name !== 'model' && name !== '__proto__');
        const source = Object.fromEntries(
          Object.entries({ ...fields, [name]: 1 }).filter(([key]) => key !== 'model'),
        );
        const { [name]: _dropped, ...rest } = source;
        expect(JSON.parse(edit(JSON.stringify(source, null, 1), { drop: [name] }))).toEqual(
          JSON.parse(JSON.stringify(rest)),
        );
      }),
    );
  });
});
