import { isIP } from 'node:net';
import { isLoopbackHost } from '../config/listen-address.ts';
import { RelayError } from '../errors.ts';

/** What the guard compares requests with. */
export type GuardSettings = {
  /** The address the relay was told to listen on. */
  readonly listenHost: string;
  /** More host names that may stand in `Host`, lower case, without a port. */
  readonly allowedHosts: readonly string[];
  /** True when the relay asks for a token. */
  readonly hasToken: boolean;
};

/** The request headers that the guard reads. */
export type GuardedHeaders = {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
};

const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** `host[:port]` → the lower-case host without port and brackets; undefined when it is none. */
const hostOf = (authority: string | undefined): string | undefined => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(authority ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
};

const isOwnHost = (host: string, settings: GuardSettings): boolean => {
  if (host === settings.listenHost.toLowerCase() || host === 'localhost') return true;
  if (settings.allowedHosts.includes(host)) return true;
  if (isLoopbackHost(settings.listenHost)) return loopbackNames.includes(host);
  // A rebound name is never an address: with a token, whoever dials an address of ours may.
  return settings.hasToken && isIP(host) !== 0;
};

const refuseHost = (authority: string | undefined): never => {
  throw new RelayError(
    'foreign-host',
    `This relay does not answer for the host name ${JSON.stringify(authority ?? '')}. Use localhost, or add the name to server.allowed_hosts.`,
  );
};

/**
 * Lets a request through or throws 403, before its body is read: a web page must not spend money through a
 * local port. Only own host names, no foreign `Origin`, no cross-site fetch (behaviour.md 2, "Guard").
 */
export const guard = (headers: GuardedHeaders, settings: GuardSettings): void => {
  const host = hostOf(headers.host);
  if (host === undefined || !isOwnHost(host, settings)) refuseHost(headers.host);
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeignSite || !isOwnOrigin(headers))
    throw new RelayError('foreign-page', 'This relay does not serve web pages of other origins.');
};

const isOwnOrigin = ({ origin, host }: GuardedHeaders): boolean =>
  origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
