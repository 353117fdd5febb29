import type { ConfigPath } from './config-path.ts';

/** One segment of a key: its name and where it is written. */
export type TomlKey = { readonly name: string; readonly start: number; readonly end: number };

/** A value as written. `entries` are those of an inline table, `items` those of an array. */
export type TomlValue = {
  readonly kind: 'text' | 'bare' | 'array' | 'inline-table';
  readonly start: number;
  readonly end: number;
  readonly items: readonly TomlValue[];
  readonly entries: readonly { readonly keys: readonly TomlKey[]; readonly value: TomlValue }[];
};

/** A header or a `key = value` of a TOML text; offsets count UTF-16 units. */
export type TomlStatement = {
  readonly kind: 'table' | 'array-table' | 'pair';
  readonly keys: readonly TomlKey[];
  readonly start: number;
  readonly end: number;
  readonly value: TomlValue | undefined;
};

/** All statements up to the first thing that is not TOML, whose offset `stoppedAt` then is. */
export type TomlScan = {
  readonly statements: readonly TomlStatement[];
  readonly stoppedAt: number | undefined;
  readonly isTooDeep: boolean;
};

const maxDepth = 64;
const blank = /[ \t]*/y;
const gap = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const bareKey = /[A-Za-z0-9_-]+/y;
const bareValue = /[^,\]}#\r\n]+/y;
const quoted = /"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'/y;
const multiLine = /"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}|'''(?:[^']|'{1,2}(?!'))*'{3,5}/y;

class NotToml extends Error {}
class TooDeep extends Error {}

/** Finds where everything in a TOML text is written. It checks no rules: the parser does that. */
export function scanToml(source: string): TomlScan {
  const statements: TomlStatement[] = [];
  const cursor = new Cursor(source);
  try {
    for (cursor.skip(gap); !cursor.isAtEnd; cursor.skip(gap)) statements.push(cursor.readStatement());
    return { statements, stoppedAt: undefined, isTooDeep: false };
  } catch (error) {
    if (!(error instanceof NotToml || error instanceof TooDeep)) throw error;
    return { statements, stoppedAt: cursor.offset, isTooDeep: error instanceof TooDeep };
  }
}

class Cursor {
  readonly #source: string;
  offset = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#source.length;
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  readStatement(): TomlStatement {
    const start = this.offset;
    if (this.#takeText('[[')) return this.#readHeader('array-table', start, ']]');
    if (this.#takeText('[')) return this.#readHeader('table', start, ']');
    const { keys, value } = this.#readPair(0);
    this.skip(blank);
    if (!this.isAtEnd && !/[\r\n#]/.test(this.#source.charAt(this.offset))) throw new NotToml();
    return { kind: 'pair', keys, start, end: value.end, value };
  }

  #readHeader(kind: 'table' | 'array-table', start: number, closing: string): TomlStatement {
    const keys = this.#readKeys();
    if (!this.#takeText(closing)) throw new NotToml();
    return { kind, keys, start, end: this.offset, value: undefined };
  }

  #readPair(depth: number): { keys: readonly TomlKey[]; value: TomlValue } {
    const keys = this.#readKeys();
    if (!this.#takeText('=')) throw new NotToml();
    this.skip(blank);
    return { keys, value: this.#readValue(depth + keys.length) };
  }

  #readKeys(): readonly TomlKey[] {
    const keys: TomlKey[] = [];
    do {
      this.skip(blank);
      const start = this.offset;
      const written = this.take(bareKey) ?? this.take(quoted);
      if (written === undefined) throw new NotToml();
      if (keys.length >= maxDepth) throw new TooDeep();
      keys.push({ name: readKeyName(written), start, end: this.offset });
      this.skip(blank);
    } while (this.#takeText('.'));
    return keys;
  }

  #readValue(depth: number): TomlValue {
    if (depth > maxDepth) throw new TooDeep();
    const start = this.offset;
    const none = { items: [], entries: [] };
    if (this.#takeText('[')) return { ...none, kind: 'array', start, items: this.#readItems(depth), end: this.offset };
    if (this.#takeText('{')) {
      return { ...none, kind: 'inline-table', start, entries: this.#readEntries(depth), end: this.offset };
    }
    if ((this.take(multiLine) ?? this.take(quoted)) !== undefined) {
      return { ...none, kind: 'text', start, end: this.offset };
    }
    const written = this.take(bareValue)?.trimEnd();
    if (!written) throw new NotToml();
    return { ...none, kind: 'bare', start, end: start + written.length };
  }

  #readItems(depth: number): readonly TomlValue[] {
    const items: TomlValue[] = [];
    for (this.skip(gap); !this.#takeText(']'); this.skip(gap)) {
      items.push(this.#readValue(depth + 1));
      this.#readSeparator(']');
    }
    return items;
  }

  #readEntries(depth: number): TomlValue['entries'] {
    const entries: { keys: readonly TomlKey[]; value: TomlValue }[] = [];
    for (this.skip(gap); !this.#takeText('}'); this.skip(gap)) {
      entries.push(this.#readPair(depth + 1));
      this.#readSeparator('}');
    }
    return entries;
  }

  #readSeparator(closing: string): void {
    this.skip(gap);
    if (!this.#takeText(',') && !this.#source.startsWith(closing, this.offset)) throw new NotToml();
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const [written] = pattern.exec(this.#source) ?? [];
    if (written === undefined) return undefined;
    this.offset += written.length;
    return written;
  }

  #takeText(text: string): boolean {
    if (!this.#source.startsWith(text, this.offset)) return false;
    this.offset += text.length;
    return true;
  }
}

function readKeyName(written: string): string {
  if (written.startsWith("'")) return written.slice(1, -1);
  if (!written.startsWith('"')) return written;
  const asJson = written.replaceAll(/\\U([0-9A-Fa-f]{8})/g, (match, digits: string) => {
    const codePoint = Number.parseInt(digits, 16);
    return codePoint > 0x10ffff ? match : JSON.stringify(String.fromCodePoint(codePoint)).slice(1, -1);
  });
  try {
    return String(JSON.parse(asJson.replaceAll('\t', '\\t')));
  } catch {
    // The parser refuses the same escape; the name is needed for nothing then.
    return written;
  }
}

/** The list indexes that headers open and pairs fall into: `[providers, 0, keys, 1, key]`. */
export function pathsOfToml(statements: readonly TomlStatement[]): readonly ConfigPath[] {
  const counts = new Map<string, number>();
  let table: ConfigPath = [];
  return statements.map(({ kind, keys }) => {
    if (kind === 'pair') return [...table, ...keys.map(({ name }) => name)];
    table = keys.reduce<ConfigPath>((parent, { name }, depth) => {
      const path = [...parent, name];
      const id = JSON.stringify(path);
      const count = counts.get(id);
      if (kind === 'array-table' && depth === keys.length - 1) {
        counts.set(id, (count ?? 0) + 1);
        return [...path, count ?? 0];
      }
      return count === undefined ? path : [...path, count - 1];
    }, []);
    return table;
  });
}
