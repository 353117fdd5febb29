import {
  connectionNames,
  dropHeaders,
  findHeader,
  type HeaderList,
  isHopByHop,
  rememberNames,
} from '../messages/header-list.ts';

/** Headers that speak of the client's connection, its browser or its credentials, not of its request. */
const neverForwarded: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'accept-encoding',
  'cookie',
  'authorization',
  'x-api-key',
  'forwarded',
  'via',
  'x-real-ip',
  'origin',
  'referer',
]);
const neverForwardedPrefixes = ['x-cc-relay-', 'x-forwarded-', 'sec-'];

const isNeverForwarded = rememberNames(
  (name) =>
    neverForwarded.has(name) ||
    isHopByHop(name) ||
    neverForwardedPrefixes.some((prefix) => name.startsWith(prefix)),
);

/**
 * The client's headers that go upstream: an open list, so that new `anthropic-*` headers arrive. Left out are
 * hop-by-hop headers, cookies, credentials and traces of the relay; `replaced` names what the upstream entry sets.
 */
export const forwardedHeaders = (headers: HeaderList, replaced: ReadonlySet<string>): string[] => {
  const named = connectionNames(headers);
  const hasExtra = named.size + replaced.size > 0;
  const isExtra = (name: string) => named.has(name.toLowerCase()) || replaced.has(name.toLowerCase());
  const kept = dropHeaders(headers, (name) => isNeverForwarded(name) || (hasExtra && isExtra(name)));
  // Usage and pings need readable answers (behaviour.md 6).
  if (!replaced.has('accept-encoding')) kept.push('accept-encoding', 'identity');
  if (!replaced.has('content-type') && findHeader(kept, 'content-type') === undefined)
    kept.push('content-type', 'application/json');
  return kept;
};
