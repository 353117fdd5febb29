import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonString } from '../../../relay-core/messages/json-scan.ts';
import { findTopLevelField } from '../../../relay-core/messages/top-level-field.ts';

const find = (text: string) => findTopLevelField(Buffer.from(text), 'model');

const space = fc
  .array(fc.constantFrom(' ', '\n', '\r', '\t'), { maxLength: 3 })
  .map((characters) => characters.join(''));
const asEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
const quoteless = (text: string): string => JSON.stringify(text).slice(1, -1);

/** JSON strings that mean what `texts` yields, some characters escaped although they need not be. */
const spelled = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(texts, fc.nat()).map(([text, mask]) => {
    const units = text
      .split('')
      .map((unit, at) =>
        (mask >> (at % 31)) % 2 === 1 || /[\ud800-\udfff]/.test(unit) ? asEscape(unit) : quoteless(unit),
      );
    return `"${units.join('')}"`;
  });

const treacherous = fc.constantFrom('"model":"x"', '\\', '\\"', '{"model":', '}', ']', ',', '"', 'model');
const anyString = spelled(
  fc.oneof(
    treacherous,
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
  ),
);
const fieldName = spelled(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('model', 'Model', 'models', 'mode', '', 'stream', '"model"') },
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  ),
);
const scalar = fc.oneof(
  anyString,
  fc.constantFrom('null', 'true', 'false', '0', '-1.5e+10', '12345678901234567890'),
);

const joined = (parts: readonly (readonly string[])[]): string =>
  parts.map((part) => part.join('')).join(',');
const { value: anyValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('value'), space)))
      .map(([gap, items]) => `[${joined(items) || gap}]`),
    fc
      .tuple(space, fc.array(fc.tuple(space, fieldName, space, fc.constant(':'), space, tie('value'), space)))
      .map(([gap, fields]) => `{${joined(fields) || gap}}`),
  ),
}));

const jsonObject = fc.record({
  before: space,
  inside: space,
  after: space,
  fields: fc.array(fc.tuple(space, fieldName, space, space, anyValue, space), { maxLength: 6 }),
});

/** Writes the object and notes where the value of the first top-level `model` lands. */
const written = ({
  before,
  inside,
  after,
  fields,
}: typeof jsonObject extends fc.Arbitrary<infer T> ? T : never) => {
  let text = `${before}{${inside}`;
  let place: { readonly start: number; readonly end: number } | undefined;
  for (const [index, [gap1, name, gap2, gap3, value, gap4]] of fields.entries()) {
    text += `${index > 0 ? ',' : ''}${gap1}${name}${gap2}:${gap3}`;
    const start = Buffer.byteLength(text);
    text += value;
    if (JSON.parse(name) === 'model') place ??= { start, end: Buffer.byteLength(text) };
    text += gap4;
  }
  return { text: `${text}}${after}`, place };
};

describe('the search for a top-level field', () => {
  it('finds exactly the first top-level value of that name, however the JSON is written', () => {
    fc.assert(
      fc.property(jsonObject, (object) => {
        const { text, place } = written(object);
        expect(() => JSON.parse(text)).not.toThrow();
        expect(find(text)).toEqual(place === undefined ? { kind: 'absent' } : { kind: 'found', ...place });
      }),
      { numRuns: 2000 },
    );
  });

  it('stops at the value: what stands behind it is never judged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (garbage) => {
        const bytes = Buffer.concat([Buffer.from('{"a":[1],"model":"x"'), garbage]);
        expect(findTopLevelField(bytes, 'model')).toEqual({ kind: 'found', start: 17, end: 20 });
      }),
    );
  });

  it('answers for any bytes, with a place inside them', () => {
    const jsonish = fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', ' ', '1', '"model"', 'x', '\u00e9'))
      .map((tokens) => Buffer.from(tokens.join('')));
    fc.assert(
      fc.property(
        fc.oneof(
          jsonish,
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          const search = findTopLevelField(bytes, 'model');
          if (search.kind === 'malformed') {
            expect(search.at).toBeGreaterThanOrEqual(0);
            expect(search.at).toBeLessThanOrEqual(bytes.length);
          }
          if (search.kind === 'found') {
            expect(search.start).toBeLessThan(search.end);
            expect(search.end).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('finds a string value only once its closing quote is there', () => {
    const text = '{"a":{"model":"no"},"m\\u006fdel" : "claude-\\"x\\""}';
    const end = text.length - 1;
    for (let length = 0; length < text.length; length += 1)
      expect([length, find(text.slice(0, length)).kind]).toEqual([
        length,
        length >= end ? 'found' : 'malformed',
      ]);
  });

  it.each([
    ['inside another object', '{"metadata":{"model":"no"}}'],
    ['inside an array', '{"messages":[{"model":"no"}]}'],
    ['inside a string', '{"text":"\\"model\\":\\"no\\""}'],
    ['as a value', '{"name":"model"}'],
    ['behind the end of the object', '{"a":1}{"model":"no"}'],
  ])('does not take the name %s', (_where, text) => {
    expect(find(text)).toEqual({ kind: 'absent' });
  });

  it.each([
    ['', 0, 'expected "{"'],
    ['  \n', 3, 'expected "{"'],
    ['[]', 0, 'expected "{"'],
    ['hello', 0, 'expected "{"'],
    ['"model"', 0, 'expected "{"'],
    ['\ufeff{"model":"x"}', 0, 'expected "{"'],
    ['{', 1, 'expected a field name'],
    ['{ model: "x"}', 2, 'expected a field name'],
    ["{'model':'x'}", 1, 'expected a field name'],
    ['{"a":1,}', 7, 'expected a field name'],
    ['{,"model":"x"}', 1, 'expected a field name'],
    ['{"model', 1, 'unfinished field name'],
    ['{"model\\"', 1, 'unfinished field name'],
    ['{"model"', 8, 'expected ":"'],
    ['{"a" 1}', 5, 'expected ":"'],
    ['{"a","model":"x"}', 4, 'expected ":"'],
    ['{"model":', 9, 'unfinished value'],
    ['{"model": ', 10, 'unfinished value'],
    ['{"model":}', 9, 'unfinished value'],
    ['{"model":"x', 9, 'unfinished value'],
    ['{"a":[1,{"b":2}', 5, 'unfinished value'],
    ['{"a":["]', 5, 'unfinished value'],
    ['{"a":1', 6, 'expected "," or "}"'],
    ['{"a":1 "model":"x"}', 7, 'expected "," or "}"'],
    ['{"a":1]', 6, 'expected "," or "}"'],
  ])('of %j says at which byte it stops being an object', (text, at, reason) => {
    expect(find(text)).toEqual({ kind: 'malformed', at, reason });
  });

  it('counts bytes, not characters', () => {
    expect(find('{"ü":"🦀","model":"x"}')).toEqual({ kind: 'found', start: 21, end: 24 });
  });

  it.each(['[', '{"a":'])('survives 100,000 times %s', (open) => {
    const depth = 100_000;
    const close = open === '[' ? ']' : '}';
    const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(find(`{"a":${nested},"model":"x"}`).kind).toBe('found');
    expect(find(`{"a":${open.repeat(depth)}`)).toEqual({
      kind: 'malformed',
      at: 5,
      reason: 'unfinished value',
    });
  });

  it('reads a string of a million backslashes and quotes in one go', () => {
    const long = JSON.stringify('\\"'.repeat(500_000));
    expect(find(`{"a":${long},"model":"x"}`).kind).toBe('found');
  });
});

describe('the text of a JSON string', () => {
  const read = (text: string) => readJsonString(Buffer.from(text), 0, Buffer.byteLength(text));

  it('is what JSON.parse reads', () => {
    fc.assert(
      fc.property(anyString, (text) => {
        expect(read(text)).toBe(JSON.parse(text));
      }),
    );
  });

  it.each(['1', 'null', '{}', '"\\x"', '"\\u12"'])('of %s is undefined', (text) => {
    expect(read(text)).toBeUndefined();
  });
});
