import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { publicPlaceholder } from '../config/placeholder-token.ts';
import { RelayError } from '../errors.ts';
import type { HeaderList } from '../messages/header-list.ts';
import type { Client } from '../routing/candidates.ts';

/** Who must show what (behaviour.md 2). */
export type AuthSettings = {
  /** The relay's own tokens; empty = whoever reaches the port may use it. */
  readonly tokens: readonly string[];
  /** May a client with nothing but its own Anthropic credential pass through a relay that has a token? */
  readonly allowSubscription: boolean;
};

/** Reads a request's credentials into what its client may do; throws RelayError `unauthenticated`. */
export type Authenticate = (headers: IncomingHttpHeaders) => Client;

type ShownCredential = {
  readonly header: 'x-api-key' | 'authorization' | 'x-cc-relay-token';
  readonly value: string;
  readonly token: string;
};

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

const shownCredentials = (headers: IncomingHttpHeaders): readonly ShownCredential[] => {
  const shown: ShownCredential[] = [];
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  const relayToken = headers['x-cc-relay-token'];
  if (typeof apiKey === 'string' && apiKey !== '')
    shown.push({ header: 'x-api-key', value: apiKey, token: apiKey });
  if (authorization !== undefined && authorization !== '') {
    const token = authorization.replace(/^Bearer +/i, '');
    shown.push({ header: 'authorization', value: authorization, token });
  }
  if (typeof relayToken === 'string' && relayToken !== '')
    shown.push({ header: 'x-cc-relay-token', value: relayToken, token: relayToken });
  return shown;
};

const headerPair = ({ header, value }: ShownCredential): HeaderList => [header, value];

const toHeaders = (shown: readonly ShownCredential[]): HeaderList => shown.flatMap(headerPair);

// `sk-ant-oat…` is a subscription's token, `sk-ant-api…` a key (protocol.md 1.2); both may come as bearer.
const isAnthropic = ({ token }: ShownCredential): boolean => token.startsWith('sk-ant-');

const refuse = (shown: readonly ShownCredential[]): never => {
  const where = shown.map(({ header }) => header).join(' and ');
  const what = where === '' ? 'missing x-api-key header' : `invalid ${where}`;
  throw new RelayError(
    'unauthenticated',
    `${what}: this relay wants its own token (server.auth.api_key) as x-api-key, bearer or x-cc-relay-token`,
  );
};

const isOffered = ({ header, token }: ShownCredential): boolean =>
  header !== 'x-cc-relay-token' && token !== publicPlaceholder;

const isRelayHeader = ({ header }: ShownCredential): boolean => header === 'x-cc-relay-token';

/** Prepares the check for one configuration. Tokens are compared as digests, in constant time. */
export const createAuthenticate = (settings: AuthSettings): Authenticate => {
  const digests = settings.tokens.map(digest);
  const hasTokens = digests.length > 0;
  const isRelayToken = ({ token }: ShownCredential): boolean => {
    const shown = digest(token);
    return digests.some((known) => timingSafeEqual(known, shown));
  };
  const isOwn = (credential: ShownCredential): boolean =>
    isOffered(credential) && !(hasTokens && isRelayToken(credential));
  return (headers) => {
    const shown = shownCredentials(headers);
    const own = shown.filter(isOwn);
    const anthropic = own.filter(isAnthropic);
    const maySpendKeys = !hasTokens || shown.some(isRelayToken);
    const isOwnLoginOnly =
      anthropic.length > 0 && anthropic.length === own.length && !shown.some(isRelayHeader);
    if (!maySpendKeys && !(settings.allowSubscription && isOwnLoginOnly)) refuse(shown);
    return { maySpendKeys, ownCredential: toHeaders(own), anthropicCredential: toHeaders(anthropic) };
  };
};
