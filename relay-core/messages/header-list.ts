/** Headers as they stood on the wire: name, value, name, value …, order, case and repeats kept. */
export type HeaderList = readonly string[];

/** The first value of a header, whatever its case; undefined when absent. */
export const findHeader = (headers: HeaderList, lowerCaseName: string): string | undefined => {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.length === lowerCaseName.length && headers[at]?.toLowerCase() === lowerCaseName)
      return headers[at + 1];
  }
  return undefined;
};

/** A copy without the headers whose name, as written, `isDropped` names. */
export const dropHeaders = (headers: HeaderList, isDropped: NameTest): string[] => {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!isDropped(name)) kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
};

/** Judges a header by its name, whatever its case. */
export type NameTest = (name: string) => boolean;

const rememberedNames = 1000;

/** Remembers what a test of lower-case names said: clients and vendors send the same few names all day. */
export const rememberNames = (test: (lowerCaseName: string) => boolean): NameTest => {
  const remembered = new Map<string, boolean>();
  return (name) => {
    const known = remembered.get(name);
    if (known !== undefined) return known;
    const verdict = test(name.toLowerCase());
    if (remembered.size < rememberedNames) remembered.set(name, verdict);
    return verdict;
  };
};

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Tells whether a lower-case name belongs to one connection only, by RFC 9110 7.6.1's list. */
export const isHopByHop = (lowerCaseName: string): boolean => hopByHop.has(lowerCaseName);

const noNames: ReadonlySet<string> = new Set();

/** The lower-case names that the `connection` headers themselves declare to be of this connection only. */
export const connectionNames = (headers: HeaderList): ReadonlySet<string> => {
  let named: Set<string> | undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.length !== 'connection'.length || headers[at]?.toLowerCase() !== 'connection') continue;
    const value = headers[at + 1]?.toLowerCase() ?? '';
    if (value === 'keep-alive' || value === 'close') continue;
    named ??= new Set();
    for (const token of value.split(',')) named.add(token.trim());
  }
  return named ?? noNames;
};
