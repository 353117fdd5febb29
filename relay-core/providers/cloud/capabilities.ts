import type { HeaderList } from '../../messages/header-list.ts';

/**
 * What a cloud does with one feature of Anthropic's API (behaviour.md 6). `beta` may end in `*`; `field` is a path in
 * the body: `a.b`, `a[].b`, `a.b=value`. Header and field go together.
 */
export type Capability =
  | { readonly verdict: 'keep'; readonly beta?: string; readonly field?: string }
  | { readonly verdict: 'drop'; readonly beta?: string; readonly field?: string }
  | { readonly verdict: 'translate'; readonly beta: string; readonly into: string; readonly field?: string };

/** A table made ready: the same for every request of an upstream. */
export type Dialect = {
  /** The `anthropic-beta` values that go upstream, in the client's order, each once. */
  readonly betas: (headers: HeaderList) => readonly string[];
  /** Paths of the fields to leave out. */
  readonly droppedFields: readonly string[];
};

const namedBetas = (headers: HeaderList): readonly string[] => {
  const names: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]?.toLowerCase() === 'anthropic-beta') names.push(...(headers[at + 1] ?? '').split(','));
  return names.map((name) => name.trim()).filter((name) => name !== '');
};

const isNamed = (pattern: string | undefined, beta: string): boolean =>
  pattern?.endsWith('*') ? beta.startsWith(pattern.slice(0, -1)) : pattern === beta;

const translateBeta = (rows: readonly Capability[], beta: string): readonly string[] => {
  const row = rows.find((each) => isNamed(each.beta, beta));
  switch (row?.verdict) {
    case 'drop':
      return [];
    case 'translate':
      return [row.into];
    // An unknown beta passes: clients are newer than any table.
    case 'keep':
    case undefined:
      return [beta];
  }
};

/** Reads a capability table. */
export const createDialect = (rows: readonly Capability[]): Dialect => ({
  betas: (headers) => [...new Set(namedBetas(headers).flatMap((beta) => translateBeta(rows, beta)))],
  droppedFields: rows.flatMap(({ verdict, field }) =>
    verdict === 'drop' && field !== undefined ? [field] : [],
  ),
});
