import type { ConfigPath } from './config-path.ts';
import type { Locate, Position } from './parsed-text.ts';
import { pathsOfToml, type TomlKey, type TomlStatement, type TomlValue } from './scan-toml.ts';

type Place = {
  keyOffset: number;
  valueOffset: number;
  readonly children: Map<string | number, Place>;
};

/** Finds config paths in the statements of a TOML text: a table is where its first header or key stands. */
export function locateInToml(
  statements: readonly TomlStatement[],
  positionOf: (offset: number) => Position,
): Locate {
  let root: Place | undefined;
  return (path, target) => {
    root ??= placesOf(statements);
    let place = root;
    let offset = root.valueOffset;
    for (const [depth, segment] of path.entries()) {
      const child = place.children.get(segment);
      if (child === undefined) break;
      const isLast = depth === path.length - 1;
      offset = isLast && target === 'key' ? child.keyOffset : child.valueOffset;
      place = child;
    }
    return positionOf(offset);
  };
}

function placesOf(statements: readonly TomlStatement[]): Place {
  const first = statements[0]?.start ?? 0;
  const root: Place = { keyOffset: first, valueOffset: first, children: new Map() };
  const paths = pathsOfToml(statements);
  for (const [index, statement] of statements.entries()) {
    const { kind, keys, start, value } = statement;
    const path = paths[index] ?? [];
    if (kind !== 'pair') openTable(root, path, { keys, start });
    else if (value !== undefined)
      addPair(placeAt(root, path.slice(0, path.length - keys.length)), keys, value);
  }
  return root;
}

function openTable(root: Place, path: ConfigPath, header: { keys: readonly TomlKey[]; start: number }): void {
  let place = root;
  let depth = -1;
  for (const segment of path) {
    if (typeof segment === 'string') depth += 1;
    const offset = header.keys[depth]?.start ?? header.start;
    place = childOf(place, segment, typeof segment === 'string' ? offset : header.start);
  }
}

function placeAt(root: Place, path: ConfigPath): Place {
  return path.reduce<Place>((place, segment) => childOf(place, segment, place.valueOffset), root);
}

function addPair(table: Place, keys: readonly TomlKey[], value: TomlValue): void {
  let place = table;
  for (const key of keys) place = childOf(place, key.name, key.start);
  addValue(place, value);
}

function addValue(place: Place, value: TomlValue): void {
  place.valueOffset = value.start;
  for (const [index, item] of value.items.entries()) addValue(childOf(place, index, item.start), item);
  for (const entry of value.entries) addPair(place, entry.keys, entry.value);
}

function childOf(place: Place, segment: string | number, offset: number): Place {
  const known = place.children.get(segment);
  if (known !== undefined) return known;
  const child = { keyOffset: offset, valueOffset: offset, children: new Map() };
  place.children.set(segment, child);
  return child;
}
