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
const space = /[ \t\r\n]*/y;
const bareKey = /[A-Za-z0-9_-]+/y;
const bareValue = /[^,\]}#\r\n]+/y;

class NotToml extends Error {}
class TooDeep extends Error {}

/** Finds where everything in a TOML text is written. It checks no rules: the parser does that. */
export function scanToml(source: string): TomlScan {
  const statements: TomlStatement[] = [];
  const cursor = new Cursor(source);
  try {
    for (cursor.skipGap(); !cursor.isAtEnd; cursor.skipGap()) statements.push(cursor.readStatement());
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

  /** Passes over blanks, line breaks and comments. */
  skipGap(): void {
    for (this.#take(space); this.#source[this.offset] === '#'; this.#take(space)) {
      const lineEnd = this.#source.indexOf('\n', this.offset);
      this.offset = lineEnd === -1 ? this.#source.length : lineEnd;
    }
  }

  readStatement(): TomlStatement {
    const start = this.offset;
    if (this.#takeText('[[')) return this.#readHeader('array-table', start, ']]');
    if (this.#takeText('[')) return this.#readHeader('table', start, ']');
    const { keys, value } = this.#readPair(0);
    this.#take(blank);
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
    this.#take(blank);
    return { keys, value: this.#readValue(depth + keys.length) };
  }

  #readKeys(): readonly TomlKey[] {
    const keys: TomlKey[] = [];
    do {
      this.#take(blank);
      const start = this.offset;
      const written = this.#take(bareKey) ?? this.#takeQuoted();
      if (written === undefined) throw new NotToml();
      if (keys.length >= maxDepth) throw new TooDeep();
      keys.push({ name: readKeyName(written), start, end: this.offset });
      this.#take(blank);
    } while (this.#takeText('.'));
    return keys;
  }

  #readValue(depth: number): TomlValue {
    if (depth > maxDepth) throw new TooDeep();
    const start = this.offset;
    const none = { items: [], entries: [] };
    if (this.#takeText('['))
      return { ...none, kind: 'array', start, items: this.#readItems(depth), end: this.offset };
    if (this.#takeText('{')) {
      return { ...none, kind: 'inline-table', start, entries: this.#readEntries(depth), end: this.offset };
    }
    if (this.#takeQuoted() !== undefined) {
      return { ...none, kind: 'text', start, end: this.offset };
    }
    const written = this.#take(bareValue)?.trimEnd();
    if (!written) throw new NotToml();
    return { ...none, kind: 'bare', start, end: start + written.length };
  }

  #readItems(depth: number): readonly TomlValue[] {
    const items: TomlValue[] = [];
    for (this.skipGap(); !this.#takeText(']'); this.skipGap()) {
      items.push(this.#readValue(depth + 1));
      this.#readSeparator(']');
    }
    return items;
  }

  #readEntries(depth: number): TomlValue['entries'] {
    const entries: { keys: readonly TomlKey[]; value: TomlValue }[] = [];
    for (this.skipGap(); !this.#takeText('}'); this.skipGap()) {
      entries.push(this.#readPair(depth + 1));
      this.#readSeparator('}');
    }
    return entries;
  }

  #readSeparator(closing: string): void {
    this.skipGap();
    if (!this.#takeText(',') && !this.#source.startsWith(closing, this.offset)) throw new NotToml();
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const [written] = pattern.exec(this.#source) ?? [];
    if (written === undefined) return undefined;
    this.offset += written.length;
    return written;
  }

  #takeQuoted(): string | undefined {
    const start = this.offset;
    const quote = this.#source.charAt(start);
    if (quote !== '"' && quote !== "'") return undefined;
    const fence = quote.repeat(3);
    const isMultiLine = this.#source.startsWith(fence, start);
    const end = this.#closingOf(isMultiLine ? fence : quote, start + (isMultiLine ? 3 : 1));
    // Up to two quotes may stand right before the closing three.
    const extra = isMultiLine
      ? [0, 1].filter((more) => this.#source.startsWith(quote.repeat(more + 1), end))
      : [];
    this.offset = end + extra.length;
    return this.#source.slice(start, this.offset);
  }

  #closingOf(closing: string, from: number): number {
    const lineEnd = closing.length === 1 ? this.#source.indexOf('\n', from) : -1;
    for (
      let at = this.#source.indexOf(closing, from);
      at !== -1;
      at = this.#source.indexOf(closing, at + 1)
    ) {
      if (lineEnd !== -1 && at > lineEnd) break;
      if (closing.startsWith("'") || !this.#isEscaped(at, from)) return at + closing.length;
    }
    throw new NotToml();
  }

  #isEscaped(at: number, from: number): boolean {
    let backslashes = 0;
    while (at - backslashes > from && this.#source[at - backslashes - 1] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
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
    const path: (string | number)[] = [];
    for (const [depth, { name }] of keys.entries()) {
      path.push(name);
      const id = JSON.stringify(path);
      const isNewItem = kind === 'array-table' && depth === keys.length - 1;
      const count = (counts.get(id) ?? 0) + (isNewItem ? 1 : 0);
      if (isNewItem) counts.set(id, count);
      if (count > 0) path.push(count - 1);
    }
    table = path;
    return path;
  });
}
