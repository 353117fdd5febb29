import type { ConfigProblem } from './config.ts';
import type { ConfigPath } from './config-path.ts';

/** The two languages a config file may be written in; both mean the same. */
export type ConfigFormat = 'yaml' | 'toml';

/** A place in the text, both 1-based. */
export type Position = { readonly line: number; readonly column: number };

/** The position of a key or its value; of the nearest parent when the path is not in the text. */
export type Locate = (path: ConfigPath, target: 'key' | 'value') => Position;

/** A text as plain data with the place of each value, or what is wrong with it. */
export type ParsedText =
  | { readonly ok: true; readonly data: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Turns offsets of a text into positions. */
export function positionsIn(source: string): (offset: number) => Position {
  const lineStarts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
  };
}
