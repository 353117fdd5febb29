import type { ConfigValue } from './edit-result.ts';

type Table = Readonly<Record<string, ConfigValue>>;

/** A value on one line of TOML. */
export function renderTomlValue(value: ConfigValue): string {
  if (typeof value === 'string') return renderText(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(renderTomlValue).join(', ')}]`;
  const entries = Object.entries(value).map(
    ([key, item]) => `${renderTomlKey(key)} = ${renderTomlValue(item)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** A key, in quotes where it needs them. */
export function renderTomlKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : renderText(key);
}

/** A section with its sub-sections, as lines. `header` is its dotted name; `isItem` = it is written `[[…]]`. */
export function renderTomlTable(header: string, table: Table, isItem: boolean): readonly string[] {
  const fields = Object.entries(table);
  const inner = fields.filter(([, value]) => isTomlTable(value) || isTableList(value));
  const plain = fields.filter((field) => !inner.includes(field));
  return [
    isItem ? `[[${header}]]` : `[${header}]`,
    ...plain.map(([key, value]) => `${renderTomlKey(key)} = ${renderTomlValue(value)}`),
    ...inner.flatMap(([key, value]) => {
      const name = `${header}.${renderTomlKey(key)}`;
      const items = isList(value) ? value : [value];
      return items.flatMap((item) =>
        isTomlTable(item) ? ['', ...renderTomlTable(name, item, isList(value))] : [],
      );
    }),
  ];
}

function isList(value: ConfigValue): value is readonly ConfigValue[] {
  return Array.isArray(value);
}

/** Whether a value is a section of its own: neither a list nor a scalar. */
export function isTomlTable(value: ConfigValue): value is Table {
  return typeof value === 'object' && !Array.isArray(value);
}

function isTableList(value: ConfigValue): boolean {
  return isList(value) && value.length > 0 && value.every(isTomlTable);
}

function renderText(text: string): string {
  // TOML's double quotes are JSON's, but for one character.
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
