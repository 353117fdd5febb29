import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModelField, readModelField, replaceModel } from '../../../relay-core/messages/model-field.ts';

const fieldOf = (body: Buffer): ModelField => {
  const result = readModelField(body);
  if (!result.ok) throw new Error(result.reason);
  return result.field;
};

const modelName = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '');
const modelKey = fc.constantFrom('"model"', '"mod\\u0065l"', '"\\u006d\\u006F\\u0064\\u0065\\u006c"');
const gap = fc.constantFrom('', ' ', '\n\t');
const otherFields = fc
  .dictionary(fc.string({ minLength: 1 }), fc.jsonValue())
  .map((fields) => Object.entries(fields).filter(([name]) => name !== 'model' && name !== '__proto__'));

/** A request body with one top-level model somewhere among other fields. */
const body = fc
  .record({ model: modelName, key: modelKey, gap, before: otherFields, after: otherFields })
  .map(({ model, key, gap: blank, before, after }) => {
    const write = (fields: readonly (readonly [string, unknown])[]) =>
      fields.map(([name, value]) => `${JSON.stringify(name)}:${blank}${JSON.stringify(value)}`);
    const parts = [...write(before), `${key}${blank}:${blank}${JSON.stringify(model)}`, ...write(after)];
    return { model, text: `${blank}{${blank}${parts.join(`${blank},${blank}`)}${blank}}` };
  });

describe('the model of a request', () => {
  it('is the top-level model, and its place is that of its value', () => {
    fc.assert(
      fc.property(body, ({ model, text }) => {
        const bytes = Buffer.from(text);
        const field = fieldOf(bytes);
        expect(field.model).toBe(model);
        expect(JSON.parse(bytes.toString('utf8', field.start, field.end))).toBe(model);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read even where garbage follows', () => {
    fc.assert(
      fc.property(modelName, fc.uint8Array(), (model, garbage) => {
        const bytes = Buffer.concat([Buffer.from(`{"model":${JSON.stringify(model)}`), garbage]);
        expect(fieldOf(bytes).model).toBe(model);
      }),
    );
  });

  it('is the first of two', () => {
    expect(fieldOf(Buffer.from('{"model":"first","model":"second"}')).model).toBe('first');
  });

  it.each([
    ['{}', 'model: Field required'],
    ['{"messages":[]}', 'model: Field required'],
    ['{"Model":"x"}', 'model: Field required'],
    ['{"model":null}', 'model: Input should be a valid string'],
    ['{"model":5}', 'model: Input should be a valid string'],
    ['{"model":["x"]}', 'model: Input should be a valid string'],
    ['{"model":"\\x"}', 'model: Input should be a valid string'],
    ['{"model":""}', 'model: String should have at least 1 character'],
    ['', 'The request body is not a JSON object: expected "{" at byte 0'],
    ['[]', 'The request body is not a JSON object: expected "{" at byte 0'],
    ['hello', 'The request body is not a JSON object: expected "{" at byte 0'],
    ['\ufeff{"model":"x"}', 'The request body is not a JSON object: expected "{" at byte 0'],
    ['{', 'The request body is not a JSON object: expected a field name at byte 1'],
    ['{"model', 'The request body is not a JSON object: unfinished field name at byte 1'],
    ['{"model":', 'The request body is not a JSON object: unfinished value at byte 9'],
    ['{"a" 1}', 'The request body is not a JSON object: expected ":" at byte 5'],
  ])('is refused in %j with the reason and its place', (text, reason) => {
    expect(readModelField(Buffer.from(text))).toEqual({ ok: false, reason });
  });

  it('is found behind 100,000 nested arrays', () => {
    const nested = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(fieldOf(Buffer.from(`{"a":${nested},"model":"x"}`)).model).toBe('x');
  });
});

describe('replacing the model', () => {
  it('changes the meaning of nothing else', () => {
    fc.assert(
      fc.property(body, modelName, ({ text }, replacement) => {
        const bytes = Buffer.from(text);
        const replaced = replaceModel(bytes, fieldOf(bytes), replacement).toString();
        expect(JSON.parse(replaced)).toEqual({ ...JSON.parse(text), model: replacement });
      }),
      { numRuns: 1000 },
    );
  });

  it('changes the bytes of nothing else, garbage included', () => {
    fc.assert(
      fc.property(fc.uint8Array(), modelName, (garbage, replacement) => {
        const before = Buffer.from('{ "a": 1.0, "model" : ');
        const bytes = Buffer.concat([before, Buffer.from('"x"'), garbage]);
        const replaced = replaceModel(bytes, fieldOf(bytes), replacement);
        const expected = Buffer.concat([before, Buffer.from(JSON.stringify(replacement)), garbage]);
        expect(replaced.equals(expected)).toBe(true);
      }),
    );
  });

  it('leaves the original body as it was', () => {
    const bytes = Buffer.from('{"model":"x"}');
    replaceModel(bytes, fieldOf(bytes), 'another');
    expect(bytes.toString()).toBe('{"model":"x"}');
  });
});
