import {
  connectionNames,
  dropHeaders,
  findHeader,
  type HeaderList,
  isHopByHop,
  rememberNames,
} from '../messages/header-list.ts';
import type { Target } from './attempt.ts';
import type { Exchange } from './exchange.ts';

/** Meant for the relay, not for its client: cookies ignore ports, and no page may read our answers. */
const neverPassedOn: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'x-request-id',
  // Pings change a stream's length; a whole body's is said anew.
  'content-length',
]);

/** The headers that the relay adds to every answer on `/v1/messages`. */
export const relayHeaders = (exchange: Exchange): HeaderList => ['x-request-id', exchange.requestId];

/** The documented headers about the target that answered (cc-relay-surface 2.4). */
const targetHeaders = (exchange: Exchange, { upstream, credential }: Target): HeaderList => {
  const headers: string[] = [];
  const { clock, hasDebugHeaders, strategyName } = exchange.parts;
  if (credential.kind === 'key') {
    const { keys } = upstream;
    headers.push('x-cc-relay-key-id', credential.keyId, 'x-cc-relay-keys-total', String(keys.keys.length));
    headers.push('x-cc-relay-keys-available', String(keys.availableCount(clock.monotonic())));
  }
  if (!hasDebugHeaders) return headers;
  headers.push('x-cc-relay-provider', upstream.config.name, 'x-cc-relay-strategy', strategyName);
  headers.push('x-cc-relay-health', upstream.breaker.state.kind);
  if (exchange.isSticky) headers.push('x-cc-relay-thinking-affinity', 'true');
  return headers;
};

const isNeverPassedOn = rememberNames(
  (name) => neverPassedOn.has(name) || isHopByHop(name) || name.startsWith('access-control-'),
);
// A subscription's windows belong to whoever earned them (behaviour.md 2).
const isUnifiedLimit = rememberNames((name) => name.startsWith('anthropic-ratelimit-unified-'));

/** An upstream's headers that its client may see. */
export const passedOnHeaders = (headers: HeaderList, isOwnCredential: boolean): string[] => {
  const named = connectionNames(headers);
  return dropHeaders(
    headers,
    (name) =>
      isNeverPassedOn(name) ||
      (!isOwnCredential && isUnifiedLimit(name)) ||
      (named.size > 0 && named.has(name.toLowerCase())),
  );
};

/** An upstream's headers as the client gets them, with the relay's own. */
const answerHeaders = (exchange: Exchange, headers: HeaderList, target: Target): string[] => {
  const own = passedOnHeaders(headers, target.credential.kind === 'pass-through');
  own.push(...relayHeaders(exchange), ...targetHeaders(exchange, target));
  return own;
};

/** The same for a stream: proxies between us and the client are told not to hold it. */
export const streamAnswerHeaders = (exchange: Exchange, headers: HeaderList, target: Target): HeaderList => {
  const own = answerHeaders(exchange, headers, target);
  if (findHeader(headers, 'cache-control') === undefined) own.push('cache-control', 'no-cache, no-transform');
  if (findHeader(headers, 'x-accel-buffering') === undefined) own.push('x-accel-buffering', 'no');
  return own;
};

/** The same for a body that is already whole: its length is known. */
export const wholeAnswerHeaders = (
  exchange: Exchange,
  { headers, bodyBytes }: { readonly headers: HeaderList; readonly bodyBytes: number },
  target: Target,
): HeaderList => {
  const own = answerHeaders(exchange, headers, target);
  own.push('content-length', String(bodyBytes));
  return own;
};
