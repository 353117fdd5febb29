import { isDeepStrictEqual } from 'node:util';
import { type ConfigPath, isMap, valueAt, withoutKeyAt, withValueAt } from './config-path.ts';
import { deleteConfigValue, editConfig, setConfigValue } from './edit-config.ts';
import type { ConfigText, ConfigValue, EditResult } from './edit-result.ts';
import { parseConfigText } from './parse-config-text.ts';
import { permuteRanges, withoutRange } from './text-ranges.ts';
import { addToToml, deleteInToml, tomlItems } from './toml-edits.ts';
import { addToYaml, deleteInYaml, yamlItems } from './yaml-edits.ts';

/** Fields of a provider's entry, named as in the file. */
export type ProviderFields = { readonly [field: string]: ConfigValue };

const providersPath = ['providers'];

/** Writes a new provider below the others. */
export function addProvider(config: ConfigText, entry: ProviderFields): EditResult {
  const names = providerNames(config);
  if (names.includes(entry.name)) return { ok: false, reason: `there is a provider "${entry.name}" already` };
  return addItem(config, providersPath, entry);
}

/** Removes a provider with its keys and the comments that belong to it. */
export function removeProvider(config: ConfigText, name: string): EditResult {
  const index = providerNames(config).indexOf(name);
  return index === -1 ? unknownProvider(name) : removeItem(config, providersPath, index);
}

/** Sets fields of a provider, or removes those that are undefined; fields that are not named stay. */
export function editProvider(
  config: ConfigText,
  name: string,
  changes: Readonly<Record<string, ConfigValue | undefined>>,
): EditResult {
  const index = providerNames(config).indexOf(name);
  if (index === -1) return unknownProvider(name);
  return Object.entries(changes).reduce<EditResult>(
    (edited, [field, value]) =>
      edited.ok ? change({ ...config, text: edited.text }, ['providers', index, field], value) : edited,
    { ok: true, text: config.text },
  );
}

/** Writes the providers in another order, all of them by name; what stands between them stays where it is. */
export function moveProvider(config: ConfigText, order: readonly string[]): EditResult {
  const names = providerNames(config);
  const indexes = order.map((name) => names.indexOf(name));
  const isComplete =
    new Set(indexes).size === names.length && !indexes.includes(-1) && order.length === names.length;
  if (!isComplete) return { ok: false, reason: 'the new order must name every provider once' };
  return editConfig(config, providersPath, (source, { data, format }) => {
    const ranges = itemsOf(source, format, providersPath);
    const entries = indexes.map((index) => valueAt(data, ['providers', index]));
    return {
      candidates: ranges === undefined ? [] : [() => permuteRanges(source, ranges, indexes)],
      intended: [withValueAt(data, providersPath, entries)],
      refusal: 'the providers are written in a way that only you can reorder',
    };
  });
}

function unknownProvider(name: string): EditResult {
  return { ok: false, reason: `there is no provider "${name}"` };
}

function providerNames(config: ConfigText): readonly unknown[] {
  const parsed = parseConfigText(config.text, config.format);
  const entries: unknown = parsed.ok ? valueAt(parsed.data, providersPath) : undefined;
  return Array.isArray(entries) ? entries.map((entry: unknown) => valueAt(entry, ['name'])) : [];
}

function itemsOf(source: string, format: ConfigText['format'], path: ConfigPath) {
  return format === 'toml' ? tomlItems(source, path) : yamlItems(source, path);
}

function addItem(config: ConfigText, path: ConfigPath, entry: ProviderFields): EditResult {
  return editConfig(config, path, (source, { data, format }) => {
    const present = valueAt(data, path);
    const entries: readonly unknown[] = Array.isArray(present) ? present : [];
    return {
      candidates: format === 'toml' ? addToToml(source, path, entry) : addToYaml(source, path, entry),
      intended: [withValueAt(data, path, [...entries, entry])],
      refusal: 'the list is written in a way that only you can add to',
    };
  });
}

function removeItem(config: ConfigText, path: ConfigPath, index: number): EditResult {
  return editConfig(config, [...path, index], (source, { data, format }) => {
    const ranges = itemsOf(source, format, path);
    const range = ranges?.[index];
    const rest = withoutKeyAt(data, [...path, index]);
    const isOnly = ranges?.length === 1;
    return {
      candidates: [
        () => (range === undefined ? undefined : withoutRange(source, range)),
        ...(format === 'toml' ? deleteInToml : deleteInYaml)(source, [...path, index]),
      ],
      // Of a list without entries only its name is left, or nothing at all.
      intended: isOnly ? [rest, withValueAt(data, path, null), withoutKeyAt(data, path)] : [rest],
      refusal: 'the list is written in a way that only you can remove from',
    };
  });
}

function change(config: ConfigText, path: ConfigPath, value: ConfigValue | undefined): EditResult {
  const parsed = parseConfigText(config.text, config.format);
  const present = parsed.ok ? valueAt(parsed.data, path) : undefined;
  if (isDeepStrictEqual(present, value)) return { ok: true, text: config.text };
  if (value === undefined) return deleteConfigValue(config, path);
  if (isFields(value) && isMap(present)) return changeMap(config, path, { present, value });
  if (
    Array.isArray(value) &&
    Array.isArray(present) &&
    present.length > 0 &&
    [...present, ...value].every(isFields)
  ) {
    return changeItems(config, path, { present, value });
  }
  return setConfigValue(config, path, value);
}

function changeMap(
  config: ConfigText,
  path: ConfigPath,
  { present, value }: { readonly present: object; readonly value: ProviderFields },
): EditResult {
  const removed = Object.keys(present).filter((key) => !Object.hasOwn(value, key));
  const wishes = [...Object.entries(value), ...removed.map((key) => [key, undefined] as const)];
  return wishes.reduce<EditResult>(
    (edited, [key, item]) =>
      edited.ok ? change({ ...config, text: edited.text }, [...path, key], item) : edited,
    { ok: true, text: config.text },
  );
}

/** Entries that stay keep their comments: those that are gone are cut out, new ones come last. */
function changeItems(
  config: ConfigText,
  path: ConfigPath,
  { present, value }: { readonly present: readonly unknown[]; readonly value: readonly ConfigValue[] },
): EditResult {
  const isKept = (entry: unknown) => value.some((wish) => isDeepStrictEqual(wish, entry));
  const gone = present.flatMap((entry, index) => (isKept(entry) ? [] : [index]));
  const excess = present.length > value.length ? gone.slice(-(present.length - value.length)) : [];
  const cut = excess
    .toReversed()
    .reduce<EditResult>(
      (edited, index) => (edited.ok ? removeItem({ ...config, text: edited.text }, path, index) : edited),
      { ok: true, text: config.text },
    );
  const left = present.length - excess.length;
  return value.reduce<EditResult>((edited, wish, index) => {
    if (!edited.ok || !isFields(wish)) return edited;
    const current = { ...config, text: edited.text };
    return index < left ? change(current, [...path, index], wish) : addItem(current, path, wish);
  }, cut);
}

function isFields(value: unknown): value is ProviderFields {
  return isMap(value);
}
