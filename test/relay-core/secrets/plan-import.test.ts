import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { applyImport } from '../../../relay-core/secrets/apply-import.ts';
import { keyChainUses } from '../../../relay-core/secrets/key-chain-uses.ts';
import { createMemoryStore } from '../../../relay-core/secrets/memory-store.ts';
import { type ImportPlan, planImport } from '../../../relay-core/secrets/plan-import.ts';
import { isSecretName } from '../../../relay-core/secrets/secret-name.ts';

const plan = async (text: string, store = createMemoryStore()): Promise<ImportPlan> => {
  const planned = await planImport({ text, format: 'yaml' }, store);
  if (planned.kind !== 'ok') throw new Error(`no plan: ${planned.kind}`);
  return planned;
};
const oneProvider = (keys: readonly object[], name = 'a') => stringify({ providers: [{ name, keys }] });
const namesIn = ({ moves }: ImportPlan) => moves.map(({ name }) => name);

describe('the plan of an import', () => {
  it('names keys after provider and label or number', async () => {
    const text = oneProvider(
      [{ key: 'k1' }, { key: 'k2', label: 'für Arbeit' }, { key: 'k3' }],
      'my ä/provider',
    );
    expect(namesIn(await plan(text))).toEqual(['my-provider-1', 'my-provider-f-r-Arbeit', 'my-provider-3']);
  });

  it('takes a name again only for the same key, as after an import that broke off', async () => {
    const store = createMemoryStore();
    await store.write('a-1', 'k1');
    await store.write('a-2', 'another');
    const text = `${oneProvider([{ key: 'k1' }, { key: 'k2' }, { key: 'k3' }])}  - keys: [{ key: "\${keychain:a-3}" }]\n`;
    expect(namesIn(await plan(text, store))).toEqual(['a-1', 'a-2-2', 'a-3-2']);
  });

  it('moves a key that is repeated with an alias', async () => {
    const text = 'providers:\n  - name: a\n    keys:\n      - key: &k fake-key\n      - key: *k\n';
    const planned = await plan(text);
    expect(planned.left).toEqual([]);
    expect(planned.text).not.toContain('fake-key');
    expect(keyChainUses(parse(planned.text)).map(({ name }) => name)).toEqual(['a-1', 'a-2']);
  });

  it('leaves references, empty keys and what is no text alone', async () => {
    const text = oneProvider([{ key: `\${A}` }, { key: `x-\${A:-b}` }, { key: '' }, { key: 12 }, {}]);
    expect(await plan(text)).toMatchObject({ text, moves: [], left: [], diff: [] });
  });

  it('says what it cannot move, without the key', async () => {
    const planned = await plan(oneProvider([{ key: 'sk-ant-oat01-fake' }, { key: 'two\nlines' }]));
    expect(planned.moves).toEqual([]);
    expect(planned.left).toEqual([
      expect.stringContaining('line 4: providers[0].keys[0].key: the key is a subscription token'),
      expect.stringContaining('providers[0].keys[1].key: the key has more than one line'),
    ]);
    expect(JSON.stringify(planned.left)).not.toContain('oat01');
  });

  it('refuses what is no YAML', async () => {
    const refused = await planImport({ text: 'providers: [', format: 'yaml' }, createMemoryStore());
    expect(refused).toMatchObject({ kind: 'refused', message: expect.stringMatching(/^line 1: /) });
  });

  it('changes the keys and nothing else, under names of their own', async () => {
    const key = fc.record({
      key: fc.stringMatching(/^[!-~]{1,40}$/).filter((text) => !text.includes('${')),
      label: fc.string({ minLength: 1, maxLength: 80 }),
    });
    const provider = fc.record({ name: fc.string({ maxLength: 80 }), keys: fc.array(key, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(provider, { maxLength: 4 }), async (providers) => {
        const text = `# first\n${stringify({ providers }, { lineWidth: 0 })}`;
        const planned = await plan(text);
        const names = namesIn(planned);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toSatisfy(isSecretName);
        const secrets = new Map(planned.moves.map(({ name, value }) => [name, value]));
        const restored = JSON.parse(JSON.stringify(parse(planned.text)), (_key, value) => {
          const name = /^\$\{keychain:(.*)\}$/.exec(value)?.[1];
          return name === undefined ? value : secrets.get(name)?.replaceAll('$', '$$$$');
        });
        const written = JSON.parse(JSON.stringify({ providers }), (field, value) =>
          field === 'key' ? value.replaceAll('$$', '$').replaceAll('$', '$$$$') : value,
        );
        if (planned.left.length === 0) expect(restored).toEqual(written);
        expect(planned.text).toMatch(/^# first\n/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an import', () => {
  const file = {
    path: '/nonexistent/x',
    target: '/nonexistent/x',
    text: oneProvider([{ key: 'fake-key' }]),
    mode: 0o600,
  };

  it('does not touch the config when the store does not give back what it took', async () => {
    const store = createMemoryStore();
    const planned = await plan(file.text);
    const answers = [
      [{ kind: 'missing' }, 'does not give it back'],
      [{ kind: 'ok', value: 'fake-kez' }, 'gives back another value'],
      [
        { kind: 'unavailable', reason: 'the key chain is locked', remedy: 'Unlock it.' },
        'is locked. Unlock it.',
      ],
    ] as const;
    for (const [answer, words] of answers) {
      const broken = { ...store, read: () => Promise.resolve(answer) };
      const done = await applyImport({ file, plan: planned, store: broken }, 0);
      expect(done).toEqual({ ok: false, message: expect.stringContaining(words) });
      expect(JSON.stringify(done)).not.toContain('fake-ke');
    }
  });
});
