import { dropHeaders, findHeader, type HeaderList, hopByHopHeaders } from '../messages/header-list.ts';

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

/**
 * The client's headers that go upstream: an open list, so that new `anthropic-*` headers arrive. Left out are
 * hop-by-hop headers, cookies, credentials and traces of the relay; `replaced` names what the upstream entry sets.
 */
export const forwardedHeaders = (headers: HeaderList, replaced: ReadonlySet<string>): string[] => {
  const isHopByHop = hopByHopHeaders(headers);
  const kept = dropHeaders(
    headers,
    (name) =>
      neverForwarded.has(name) ||
      isHopByHop(name) ||
      replaced.has(name) ||
      neverForwardedPrefixes.some((prefix) => name.startsWith(prefix)),
  );
  // Usage and pings need readable answers (behaviour.md 6).
  if (!replaced.has('accept-encoding')) kept.push('accept-encoding', 'identity');
  if (!replaced.has('content-type') && findHeader(kept, 'content-type') === undefined)
    kept.push('content-type', 'application/json');
  return kept;
};
