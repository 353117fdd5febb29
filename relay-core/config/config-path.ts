/** Where a value sits in the config's tree: map keys and list indexes from the root. */
export type ConfigPath = readonly (string | number)[];

/** What is wrong or worth knowing about one place of the file, before it is given a line and column. */
export type Finding = {
  readonly path: ConfigPath;
  readonly target: 'key' | 'value';
  readonly message: string;
};

/** A path as people write it: `providers[0].base_url`; two different paths never read the same. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((written, segment) => {
    if (typeof segment === 'number') return `${written}[${segment}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(segment)) return `${written}[${JSON.stringify(segment)}]`;
    return written === '' ? segment : `${written}.${segment}`;
  }, '');
}

/** Whether a value is a map of the tree: neither a list nor a scalar. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; undefined when there is none. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((current, segment) => {
    if (Array.isArray(current)) return typeof segment === 'number' ? current[segment] : undefined;
    return isMap(current) && Object.hasOwn(current, segment) ? current[segment] : undefined;
  }, data);
}

/** A copy of the tree with the value at a path replaced; absent and empty parents become maps. */
export function withValueAt(data: unknown, path: ConfigPath, value: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (Array.isArray(data)) {
    return data.map((item: unknown, index) => (index === segment ? withValueAt(item, rest, value) : item));
  }
  const map = isMap(data) ? data : {};
  // `fromEntries` makes an own property even of a key called __proto__.
  const others = Object.entries(map);
  const replaced = withValueAt(valueAt(map, [segment]), rest, value);
  const position = others.findIndex(([key]) => key === segment);
  if (position === -1) return Object.fromEntries([...others, [segment, replaced]]);
  return Object.fromEntries(others.with(position, [String(segment), replaced]));
}

/** A copy of the tree without the key or list item at a path; the same tree when there is none. */
export function withoutKeyAt(data: unknown, path: ConfigPath): unknown {
  const last = path.at(-1);
  const parentPath = path.slice(0, -1);
  const parent = valueAt(data, parentPath);
  if (last === undefined || valueAt(parent, [last]) === undefined) return data;
  const rest = Array.isArray(parent)
    ? parent.filter((_item, index) => index !== last)
    : Object.fromEntries(Object.entries(isMap(parent) ? parent : {}).filter(([key]) => key !== last));
  return withValueAt(data, parentPath, rest);
}
