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

/** A copy without the headers whose lower-case name `isDropped` names. */
export const dropHeaders = (headers: HeaderList, isDropped: (lowerCaseName: string) => boolean): string[] => {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!isDropped(name.toLowerCase())) kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
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

/** Tells which headers belong to one connection only: RFC 9110 7.6.1's list and what `connection` itself names. */
export const hopByHopHeaders = (headers: HeaderList): ((lowerCaseName: string) => boolean) => {
  const named = new Set<string>();
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.length !== 'connection'.length || headers[at]?.toLowerCase() !== 'connection') continue;
    for (const token of headers[at + 1]?.toLowerCase().split(',') ?? []) named.add(token.trim());
  }
  return (name) => hopByHop.has(name) || named.has(name);
};
