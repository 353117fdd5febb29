import fc from 'fast-check';

/** JSON texts as people, editors and scripts leave them behind. */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Style = {
  readonly gaps: readonly string[];
  readonly indent: string | undefined;
  readonly newLine: string;
};

const managed = ['NO_PROXY', 'no_proxy', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_AUTH_TOKEN'];

const foreignName = fc
  .oneof(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 5 }))
  .filter((name) => name !== 'env' && name !== '__proto__' && !managed.includes(name));

const foreignValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('', '}', '"env": {', '😀\u2028'),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(foreignName, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const envMember = fc.oneof(
  fc.tuple(foreignName, fc.string()),
  fc.tuple(
    fc.constantFrom('NO_PROXY', 'no_proxy'),
    fc.constantFrom('corp', 'corp, intra', '*', '', 'localhost,127.0.0.1'),
  ),
  fc.tuple(
    fc.constant('ANTHROPIC_BASE_URL'),
    fc.constantFrom('https://example.test', 'http://127.0.0.1:8787'),
  ),
  fc.tuple(
    fc.constant('ANTHROPIC_AUTH_TOKEN'),
    fc.constantFrom('managed-by-cc-relay', 'fake-token-of-the-user'),
  ),
);

const unique = { selector: ([name]: readonly [string, Json]) => name };
const env = fc
  .uniqueArray(envMember, { ...unique, maxLength: 5 })
  .map((members) => Object.fromEntries(members));

/** A settings object with foreign keys and perhaps `env`, at any place. */
const settings = fc
  .uniqueArray(
    fc.oneof(
      { weight: 3, arbitrary: fc.tuple(foreignName, foreignValue) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('env'), env) },
    ),
    { ...unique, maxLength: 5 },
  )
  .map((members): Json => Object.fromEntries(members));

const gap = fc.constantFrom('', '', ' ', '  ', '\t', '\n', '\r\n', '\n\n  ', ' \n\t');

const style: fc.Arbitrary<Style> = fc.oneof(
  fc.record({
    gaps: fc.array(gap, { minLength: 1, maxLength: 12 }),
    indent: fc.constant(undefined),
    newLine: fc.constant('\n'),
  }),
  fc.record({
    gaps: fc.constant([]),
    indent: fc.constantFrom('', ' ', '  ', '    ', '\t'),
    newLine: fc.constantFrom('\n', '\r\n'),
  }),
);

function serialize(value: Json, { gaps, indent, newLine }: Style): string {
  if (indent !== undefined) return JSON.stringify(value, undefined, indent).replaceAll('\n', newLine);
  let used = 0;
  const space = () => gaps[used++ % gaps.length] ?? '';
  const list = (items: readonly (() => string)[]) =>
    items.length === 0 ? space() : items.map((item) => space() + item() + space()).join(',');
  const write = (part: Json): string => {
    if (Array.isArray(part)) return `[${list(part.map((item: Json) => () => write(item)))}]`;
    if (typeof part !== 'object' || part === null) return JSON.stringify(part);
    const members = Object.entries(part).map(
      ([key, item]) =>
        () =>
          [JSON.stringify(key), space(), ':', space(), write(item)].join(''),
    );
    return `{${list(members)}}`;
  };
  return space() + write(value) + space();
}

/** Any text that Claude Code would read as settings. */
export const settingsText: fc.Arbitrary<string> = fc
  .tuple(settings, style, fc.constantFrom('', '\uFEFF'), fc.constantFrom('', '\n', '\r\n', '  \n\n'))
  .map(([value, layout, mark, end]) => mark + serialize(value, layout) + end);

/** Any settings file: a text, a blank one, or none. */
export const settingsFile: fc.Arbitrary<string | undefined> = fc.oneof(
  { weight: 10, arbitrary: settingsText },
  fc.constantFrom(undefined, '', '\n', '\uFEFF', ' \r\n'),
);
