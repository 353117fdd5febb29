import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splice } from '../../../relay-core/claude-code/edit-json.ts';
import { type JsonObject, type JsonProperty, readObject } from '../../../relay-core/claude-code/json-text.ts';
import { type Access, changedKeys, planChanges } from '../../../relay-core/claude-code/plan-changes.ts';
import { hashText, type SetUpEntry } from '../../../relay-core/claude-code/set-up-record.ts';
import { findSettingsProblem } from '../../../relay-core/claude-code/settings-text.ts';
import { undoChanges } from '../../../relay-core/claude-code/undo-changes.ts';
import { publicPlaceholder } from '../../../relay-core/config/placeholder-token.ts';
import { settingsText } from './settings-texts.ts';

const access = fc.constantFrom<Access>(
  { mode: 'subscription' },
  { mode: 'token', relayToken: 'ccr_fake0000000000000000000000000000000000000000000' },
);
const shell = fc.constantFrom({}, { NO_PROXY: 'intra' }, { no_proxy: 'intra' }, { NO_PROXY: '*' });
const wish = fc.record({
  access,
  shell,
  address: fc.constantFrom('http://127.0.0.1:8787', 'http://10.0.0.5:9000'),
});

function setUp(original: string, { access, shell, address }: Parameters<typeof planChanges>[1]) {
  const { text, changes } = planChanges({ current: original, original }, { access, shell, address });
  const written = Object.fromEntries(changes.map(({ key, value }) => [key, [value]]));
  const entry: SetUpEntry = {
    originalText: original,
    backupPath: null,
    writtenSha256: hashText(text),
    written,
  };
  return { text, changes, entry };
}

/** An edit by the user, defined on both texts alike: somewhere in the foreign parts of root or `env`. */
type UserEdit = (text: string) => string;

const ours = ['env', 'NO_PROXY', 'no_proxy', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_AUTH_TOKEN'];
const isForeign = ({ key }: { key: string }) => !ours.includes(key);

function objectAt(text: string, path: readonly string[]): JsonObject {
  return readObject(text, path) ?? { start: 0, end: 0, properties: [] };
}

/** The edits of one object's foreign members. `isTight`: a member of ours goes, so "next to it" has no one meaning. */
function editsOfObject(original: string, path: readonly string[], isTight: boolean): readonly UserEdit[] {
  return objectAt(original, path).properties.flatMap((property, index, all): readonly UserEdit[] => {
    if (!isForeign(property)) return [];
    const at = (text: string, insert: (found: JsonProperty) => readonly [number, number, string]) => {
      const found = objectAt(text, path).properties.find(({ key }) => key === property.key);
      if (found === undefined) return text;
      const [start, end, content] = insert(found);
      return splice(text, [start, end], content);
    };
    const change: UserEdit = (text) =>
      at(text, ({ valueStart, end }) => [valueStart, end, '["the user\u0027s", 1e3]']);
    if (isTight) return [change];
    const addBehind: UserEdit = (text) =>
      at(text, ({ end }) => [end, end, `,\r\n "user-${index}" :\t"NO_PROXY"`]);
    const addBefore: UserEdit = (text) =>
      at(text, ({ start }) => [start, start, `"user-before-${index}":{},  `]);
    const previous = all[index - 1];
    const remove: UserEdit = (text) => {
      const before = objectAt(text, path).properties.find(({ key }) => key === previous?.key);
      return before === undefined ? text : at(text, ({ end }) => [before.end, end, '']);
    };
    const isRemovable = previous !== undefined && isForeign(previous);
    return [change, addBehind, addBefore, ...(isRemovable ? [remove] : [])];
  });
}

function editsOf(original: string): readonly UserEdit[] {
  const atEnd: UserEdit = (text) => `${text}\n\n`;
  const isTight = original.includes(publicPlaceholder);
  return [atEnd, ...editsOfObject(original, [], false), ...editsOfObject(original, ['env'], isTight)];
}

const editedTexts = settingsText.chain((original) =>
  fc.record({
    original: fc.constant(original),
    edits: fc.shuffledSubarray([...editsOf(original)], { minLength: 1 }),
    wish,
  }),
);

describe('taking our changes out of a settings text', () => {
  it('gives the original plus exactly the edits that the user made since', () => {
    fc.assert(
      fc.property(editedTexts, ({ original, edits, wish }) => {
        const { text, entry } = setUp(original, wish);
        const edit = (start: string) => edits.reduce((edited, apply) => apply(edited), start);
        expect(undoChanges(edit(text), entry)).toEqual({ text: edit(original), kept: [] });
      }),
      { numRuns: 1500 },
    );
  });

  it('gives the original byte for byte even when the record of the written text does not match', () => {
    fc.assert(
      fc.property(settingsText, wish, (original, wish) => {
        const { text, entry } = setUp(original, wish);
        expect(undoChanges(text, { ...entry, writtenSha256: '' })).toEqual({ text: original, kept: [] });
      }),
      { numRuns: 1500 },
    );
  });

  it('changes only our variables, in a text that stays strict JSON', () => {
    fc.assert(
      fc.property(settingsText, wish, (original, wish) => {
        const { text, changes } = setUp(original, wish);
        expect(findSettingsProblem(text)).toBeUndefined();
        const { env = {}, ...root } = JSON.parse(original.replace(/^\uFEFF/, ''));
        const expected = { ...env };
        for (const { key, value } of changes) {
          if (value === null) delete expected[key];
          else expected[key] = value;
        }
        const written = JSON.parse(text.replace(/^\uFEFF/, ''));
        expect(written).toEqual(
          changes.length === 0 && !('env' in written) ? root : { ...root, env: expected },
        );
        expect(Object.keys(written).filter((key) => key in root)).toEqual(Object.keys(root));
      }),
      { numRuns: 1500 },
    );
  });

  it('finds nothing more to change in what it wrote', () => {
    fc.assert(
      fc.property(settingsText, wish, (original, wish) => {
        const { text, entry } = setUp(original, wish);
        const again = planChanges({ current: text, original: undoChanges(text, entry).text ?? '' }, wish);
        expect(changedKeys(text, again.text)).toEqual([]);
      }),
    );
  });
});
