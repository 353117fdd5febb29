import TOML from '@iarna/toml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { isMap, valueAt } from '../../../relay-core/config/config-path.ts';
import { defaultConfigText } from '../../../relay-core/config/default-config.ts';
import { deleteConfigValue } from '../../../relay-core/config/edit-config.ts';
import {
  addProvider,
  editProvider,
  moveProvider,
  type ProviderFields,
  removeProvider,
} from '../../../relay-core/config/edit-providers.ts';
import type { ConfigText, EditResult } from '../../../relay-core/config/edit-result.ts';
import { parseConfigText } from '../../../relay-core/config/parse-config-text.ts';

const yaml = `# head
server:
  listen: "x"   # l

providers:
  # about a
  - name: a   # first
    type: 'anthropic'
    # keys:
    #   - key: x

    keys:
      - key: k1 # one
        rpm_limit: 5   # r
      # about two
      - key: k2

  # about b
  - name: b
    type: zai
    models: [ m,  n ] # m
    model_mapping:
      claude: m # c

  - name: c
    type: ollama

# tail
routing: { debug: true }
`;
const toml = `# head
[server]
listen = 'x'   # l

# about a
[[providers]]
name = "a"   # first
type = 'anthropic'
# keys = []

[[providers.keys]]
key = "k1" # one
rpm_limit = 5   # r

# about two
[[providers.keys]]
key = "k2"

# about b
[[providers]]
name = "b"
type = "zai"
models = [ "m",  "n" ] # m

[providers.model_mapping]
claude = "m" # c

[[providers]]
name = "c"
type = "ollama"

# tail

[routing]
debug = true
`;
const entry = {
  name: 'd',
  type: 'zai',
  keys: [{ key: `\${KEY}`, rpm_limit: 5 }],
  models: ['x'],
  model_mapping: { 'claude-*': 'x' },
};

const files: readonly ConfigText[] = [
  { text: yaml, format: 'yaml' },
  { text: toml, format: 'toml' },
];

function textOf(result: EditResult): string {
  if (!result.ok) throw new Error(result.reason);
  return result.text;
}

function providersOf({ text, format }: ConfigText): readonly unknown[] {
  const parsed = parseConfigText(text, format);
  const list = parsed.ok ? valueAt(parsed.data, ['providers']) : parsed.problems;
  return Array.isArray(list) ? list : [list ?? []].flat();
}

function namesOf(config: ConfigText) {
  return providersOf(config).map((provider) => valueAt(provider, ['name']));
}

/** The lines that only one of two texts has, in order. */
function changes(before: string, after: string) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < old.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return { gone: old.slice(start, old.length - end), come: now.slice(start, now.length - end) };
}

describe.each(files)('providers of a $format text', (file) => {
  const withMarks = (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
  const marked: ConfigText = { ...file, text: withMarks(file.text) };

  it('are added below the others, every other byte staying', () => {
    const edited = textOf(addProvider(file, entry));
    expect(providersOf({ ...file, text: edited }).at(-1)).toEqual(entry);
    expect(changes(file.text, edited).gone).toEqual([]);
    expect(textOf(addProvider(marked, entry))).toBe(withMarks(edited));
  });

  it('are removed with their own comments, every other byte staying', () => {
    const withoutB = textOf(removeProvider(file, 'b'));
    expect(namesOf({ ...file, text: withoutB })).toEqual(['a', 'c']);
    const { gone, come } = changes(file.text, withoutB);
    expect(come).toEqual([]);
    expect(gone.join('\n').trim()).toMatch(/^# about b\n[\s\S]*# c$/);
    expect(textOf(removeProvider(marked, 'b'))).toBe(withMarks(withoutB));
    const withoutA = textOf(removeProvider(file, 'a'));
    expect(withoutA).not.toMatch(/about a|k1|about two|keys/);
    expect(textOf(removeProvider(file, 'c'))).toContain('# tail');
  });

  it('are all removed one after the other', () => {
    const empty = ['b', 'a', 'c'].reduce(
      (text, name) => textOf(removeProvider({ ...file, text }, name)),
      file.text,
    );
    expect(providersOf({ ...file, text: empty })).toEqual([]);
    expect(empty).toMatch(/^# head[\s\S]*# l[\s\S]*# tail[\s\S]*debug/);
  });

  it('are moved with their comments, and back again', () => {
    const moved = textOf(moveProvider(file, ['c', 'a', 'b']));
    expect(namesOf({ ...file, text: moved })).toEqual(['c', 'a', 'b']);
    expect(moved.split('\n').toSorted()).toEqual(file.text.split('\n').toSorted());
    expect(moved).toMatch(/# about b\n(?:\[\[providers\]\]\n)?.*name.*b/);
    expect(textOf(moveProvider({ ...file, text: moved }, ['a', 'b', 'c']))).toBe(file.text);
    expect(textOf(moveProvider(marked, ['c', 'a', 'b']))).toBe(withMarks(moved));
  });

  it('are edited field by field', () => {
    const fields = {
      enabled: false,
      type: 'minimax',
      models: ['o'],
      model_mapping: { claude: 'o', 'x y': 'p' },
    };
    const edited = textOf(editProvider(file, 'b', fields));
    expect(providersOf({ ...file, text: edited })[1]).toEqual({ name: 'b', ...fields });
    expect(changes(file.text, edited).gone.join('\n')).not.toMatch(/about|name.*c\b/);
    expect(edited).toContain('# c');
    const undone = textOf(
      editProvider({ ...file, text: edited }, 'b', {
        enabled: undefined,
        models: undefined,
        model_mapping: undefined,
      }),
    );
    expect(providersOf({ ...file, text: undone })[1]).toEqual({ name: 'b', type: 'minimax' });
  });

  it('keep the comments of keys that stay', () => {
    const k1 = { key: 'k1', rpm_limit: 5 };
    const more = textOf(
      editProvider(file, 'a', { keys: [k1, { key: 'k2', weight: 2 }, { key: 'k3', label: 'new' }] }),
    );
    expect(valueAt(providersOf({ ...file, text: more })[0], ['keys'])).toEqual([
      k1,
      { key: 'k2', weight: 2 },
      { key: 'k3', label: 'new' },
    ]);
    expect(changes(file.text, more).gone).toEqual([]);
    const less = textOf(editProvider(file, 'a', { keys: [{ key: 'k2' }] }));
    expect(valueAt(providersOf({ ...file, text: less })[0], ['keys'])).toEqual([{ key: 'k2' }]);
    expect(less).toContain('# about two');
    expect(less).not.toContain('k1');
  });

  it('say why not', () => {
    expect(addProvider(file, { name: 'a', type: 'zai' })).toEqual({
      ok: false,
      reason: 'there is a provider "a" already',
    });
    expect(removeProvider(file, 'z')).toEqual({ ok: false, reason: 'there is no provider "z"' });
    expect(editProvider(file, 'z', {})).toEqual({ ok: false, reason: 'there is no provider "z"' });
    for (const order of [
      ['a', 'b'],
      ['a', 'b', 'b'],
      ['a', 'b', 'z'],
      ['a', 'b', 'c', 'c'],
    ]) {
      expect(moveProvider(file, order)).toEqual({
        ok: false,
        reason: 'the new order must name every provider once',
      });
    }
    expect(addProvider({ ...file, text: 'a: [b' }, entry)).toMatchObject({ ok: false });
  });
});

describe('providers in brackets', () => {
  it.each([
    [
      'yaml',
      'providers: [ { name: a, type: zai, keys: [ { key: k } ] } ] # c\nserver: { listen: x }   # d\n',
    ],
    [
      'toml',
      'providers = [ { name = "a", type = "zai", keys = [ { key = "k" } ] } ] # c\n\n[server]\nlisten = "x"   # d\n',
    ],
  ] as const)('are added, edited and removed in %s', (format, text) => {
    const added = textOf(addProvider({ text, format }, { name: 'b', type: 'ollama' }));
    expect(namesOf({ text: added, format })).toEqual(['a', 'b']);
    const edited = textOf(
      editProvider({ text: added, format }, 'a', { keys: [{ key: 'k' }, { key: 'l' }], priority: 2 }),
    );
    expect(providersOf({ text: edited, format })[0]).toEqual({
      name: 'a',
      type: 'zai',
      keys: [{ key: 'k' }, { key: 'l' }],
      priority: 2,
    });
    const removed = textOf(removeProvider({ text: edited, format }, 'a'));
    expect(providersOf({ text: removed, format })).toEqual([{ name: 'b', type: 'ollama' }]);
    expect(removed).toMatch(/ # c\n[\s\S]* {3}# d\n$/);
    expect(moveProvider({ text: added, format }, ['b', 'a'])).toMatchObject({ ok: false });
  });
});

describe('the first provider', () => {
  it.each([
    ['yaml', ''],
    ['yaml', '# c\nserver:\n  listen: x\n'],
    ['yaml', 'providers:\nserver:\n  listen: x\n'],
    ['yaml', 'providers: [] # none\nserver:\n  listen: x\n'],
    ['toml', ''],
    ['toml', '# c\n[server]\nlisten = "x"'],
    ['toml', '# c\nproviders = []\n\n[server]\nlisten = "x"\n'],
  ] as const)('is added to a %s text %j', (format, text) => {
    const edited = textOf(addProvider({ text, format }, entry));
    expect(providersOf({ text: edited, format })).toEqual([entry]);
    expect(edited).toContain(text.includes('# none') ? '# none' : text.slice(0, 3));
  });

  it('joins that of the default config, whose commented examples stay', () => {
    const edited = textOf(addProvider({ text: defaultConfigText, format: 'yaml' }, entry));
    expect(changes(defaultConfigText, edited).gone).toEqual([]);
    const alone = textOf(removeProvider({ text: edited, format: 'yaml' }, 'anthropic'));
    expect(namesOf({ text: alone, format: 'yaml' })).toEqual(['d']);
    expect(alone).not.toContain('max_concurrent: 20');
  });
});

type Removal = { readonly text: string; readonly path: readonly (string | number)[]; readonly left: string };

describe('removing one value of a YAML text', () => {
  const removals: readonly (readonly [string, Removal])[] = [
    ['a key with its comment', { text: 'a: 1\n# b\nb: 2 # c\nd: 3\n', path: ['b'], left: 'a: 1\nd: 3\n' }],
    ['what is left empty', { text: 'a:\n  b:\n    c: 1\nd: 3\n', path: ['a', 'b', 'c'], left: 'd: 3\n' }],
    ['a key in braces', { text: 'a: { b: 1, c: 2 }\n', path: ['a', 'b'], left: 'a: { c: 2 }\n' }],
    ['a list entry', { text: 'a:\n  # x\n  - 1\n  - 2 # y\n', path: ['a', 1], left: 'a:\n  # x\n  - 1\n' }],
    [
      'a block of text',
      { text: 'a:\n  b: |\n    x\n    y\n  c: 2\n', path: ['a', 'b'], left: 'a:\n  c: 2\n' },
    ],
    ['nothing that is not there', { text: 'a: 1 #  b\n', path: ['c', 'd'], left: 'a: 1 #  b\n' }],
  ];
  it.each(removals)('takes %s', (_name, { text, path, left }) => {
    expect(textOf(deleteConfigValue(text, path))).toBe(left);
  });
});

describe('any edits of any providers', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('# x', 'two\nlines', `\${A}`, 'true', '- a', '[b]'));
  const fields = fc.record(
    {
      type: fc.constantFrom('zai', 'ollama'),
      enabled: fc.boolean(),
      base_url: text,
      keys: fc.array(
        fc.record({ key: text, weight: fc.nat() }, { requiredKeys: ['key'], noNullPrototype: true }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      models: fc.array(text),
      model_mapping: fc.dictionary(text, text, { minKeys: 1, noNullPrototype: true }),
    },
    { requiredKeys: ['type'], noNullPrototype: true },
  );
  const step = fc.record({ kind: fc.constantFrom('add', 'remove', 'edit', 'move'), fields, seed: fc.nat() });

  /** What the edit should give, computed on plain data. */
  function expectedOf(
    before: readonly unknown[],
    { kind, seed, fields: given }: { kind: string; seed: number; fields: ProviderFields },
  ) {
    const at = before.length === 0 ? 0 : seed % before.length;
    switch (kind) {
      case 'add':
        return [...before, { name: `p${seed}x`, ...given }];
      case 'remove':
        return before.filter((_provider, index) => index !== at);
      case 'move':
        return before.toReversed();
      default:
        return before.map((provider, index) =>
          index === at && isMap(provider) ? { ...provider, ...given } : provider,
        );
    }
  }

  function apply(
    config: ConfigText,
    { kind, seed, fields: given }: { kind: string; seed: number; fields: ProviderFields },
  ) {
    const names = namesOf(config).map(String);
    const name = names[names.length === 0 ? 0 : seed % names.length] ?? '';
    switch (kind) {
      case 'add':
        return addProvider(config, { name: `p${seed}x`, ...given });
      case 'remove':
        return removeProvider(config, name);
      case 'move':
        return moveProvider(config, names.toReversed());
      default:
        return editProvider(config, name, given);
    }
  }

  it.each(['yaml', 'toml'] as const)(
    'give what was asked for in %s, and keep the comments around',
    (format) => {
      let refused = 0;
      let total = 0;
      const start = fc
        .array(fields, { maxLength: 3 })
        .map((all) => all.map((own, index) => ({ name: `n${index}`, ...own })));
      fc.assert(
        fc.property(start, fc.array(step, { maxLength: 4 }), (providers, steps) => {
          const data = JSON.parse(JSON.stringify({ providers, routing: { debug: true } }));
          const written = format === 'yaml' ? stringify(data, { lineWidth: 0 }) : TOML.stringify(data);
          let config: ConfigText = { text: `# head\n\n${written}\n# tail\n`, format };
          for (const each of steps) {
            const before = providersOf(config);
            const result = apply(config, each);
            const isPossible = each.kind === 'add' || before.length > 0;
            total += 1;
            if (!result.ok) {
              refused += isPossible ? 1 : 0;
              continue;
            }
            config = { text: result.text, format };
            expect(providersOf(config)).toEqual(expectedOf(before, each));
            expect(config.text).toMatch(/^# head\n\n[\s\S]*# tail\n/);
          }
        }),
        { numRuns: 300 },
      );
      expect(refused / total).toBeLessThan(0.01);
    },
  );
});
