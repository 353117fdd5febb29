import { insertProperty, removeProperty, replaceValue, spanOf, splice } from './edit-json.ts';
import { type JsonObject, readObject } from './json-text.ts';
import { type ManagedKey, managedKeys } from './managed-keys.ts';
import { hashText, type SetUpEntry } from './set-up-record.ts';
import { hasEnv, isBlank, readEnv } from './settings-text.ts';

/** Settings without our changes. `text` undefined = there was no file; `kept` = variables the user changed since. */
export type UndoneChanges = { readonly text: string | undefined; readonly kept: readonly ManagedKey[] };

const envPath = ['env'];

/** The white space in an object that was empty, to be put back when it is empty again. */
function emptiness(text: string, path: readonly string[]): string {
  const object = readObject(text, path);
  return object?.properties.length === 0 ? text.slice(object.start + 1, object.end - 1) : '';
}

/** A member as it was written in the original, with the comma and white space that belonged to it. */
function reinsertAsBefore(text: string, original: string, key: ManagedKey): string | undefined {
  const before = readObject(original, envPath);
  const now = readObject(text, envPath);
  const span = before === undefined ? undefined : spanOf(before, key);
  if (before === undefined || now === undefined || span === undefined) return undefined;
  const offset = offsetFor({ before, now, key });
  return offset === undefined ? undefined : splice(text, offset, original.slice(...span));
}

type Neighbourhood = { readonly before: JsonObject; readonly now: JsonObject; readonly key: string };

/** Where the member belongs: behind the neighbour it followed, else before the one it preceded. */
function offsetFor({ before, now, key }: Neighbourhood): readonly [number, number] | undefined {
  const index = before.properties.findIndex((property) => property.key === key);
  const neighbourKey = (before.properties[index - 1] ?? before.properties[index + 1])?.key;
  if (neighbourKey === undefined) {
    return now.properties.length === 0 ? [now.start + 1, now.end - 1] : undefined;
  }
  const neighbour = now.properties.find((property) => property.key === neighbourKey);
  if (neighbour === undefined) return undefined;
  return index > 0 ? [neighbour.end, neighbour.end] : [neighbour.start, neighbour.start];
}

type Step = {
  readonly text: string;
  readonly original: string;
  readonly key: ManagedKey;
  readonly written: readonly (string | null)[];
};

/** The text with one variable as it was before; undefined = the user changed it since. */
function undoVariable({ text, original, key, written }: Step): string | undefined {
  const before = readEnv(original).get(key);
  const now = readEnv(text).get(key);
  if (now?.raw === before?.raw) return text;
  if (now === undefined) {
    const isOurs = before !== undefined && written.includes(null) && hasEnv(text);
    if (!isOurs) return undefined;
    const property = { key, raw: before.raw };
    return reinsertAsBefore(text, original, key) ?? insertProperty(text, envPath, property);
  }
  if (now.text === undefined || !written.includes(now.text)) return undefined;
  if (before !== undefined) return replaceValue(text, envPath, { key, raw: before.raw });
  return removeProperty(text, envPath, { key, emptied: emptiness(original, envPath) });
}

/** Takes `env` away again if it was ours and is empty, and the file if nothing is left of it. */
function undoContainers(text: string, original: string | null): string | undefined {
  const isOurEnv = !hasEnv(original ?? '') && readObject(text, envPath)?.properties.length === 0;
  const emptied = emptiness(original ?? '', []);
  const withoutEnv = isOurEnv ? removeProperty(text, [], { key: 'env', emptied }) : text;
  const isNothing = isBlank(original ?? '') && readObject(withoutEnv, [])?.properties.length === 0;
  return isNothing ? (original ?? undefined) : withoutEnv;
}

/**
 * Takes our changes out of a valid settings text. A text that is exactly what we wrote becomes the original
 * byte for byte; in any other, what the user changed since stays as it is.
 */
export function undoChanges(current: string, entry: SetUpEntry): UndoneChanges {
  if (hashText(current) === entry.writtenSha256) return { text: entry.originalText ?? undefined, kept: [] };
  const original = entry.originalText ?? '';
  const kept: ManagedKey[] = [];
  let text = current;
  for (const key of managedKeys.toReversed()) {
    const written = entry.written[key];
    if (written === undefined) continue;
    const undone = undoVariable({ text, original, key, written });
    if (undone === undefined) kept.push(key);
    else text = undone;
  }
  return { text: undoContainers(text, entry.originalText), kept };
}
