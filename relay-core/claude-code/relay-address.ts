import type { Config } from '../config/config.ts';
import { isLoopbackHost } from '../config/listen-address.ts';
import type { Refused } from './file-failure.ts';

const defaultPort = 8787;

/** Where a relay without a config file listens. */
export const defaultAddress = `http://127.0.0.1:${defaultPort}`;

/** A base URL for Claude Code; `hint` says what was corrected. */
export type ProxyUrl = { readonly ok: true; readonly address: string; readonly hint: string | undefined };

/** Reads `--proxy-url`: http or https without credentials; a trailing slash or `/v1` is taken off. */
export function parseProxyUrl(text: string): ProxyUrl | Refused {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return { ok: false, message: '--proxy-url must be an address such as http://127.0.0.1:8787.' };
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { ok: false, message: '--proxy-url must not contain a user name, a password, "?" or "#".' };
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '');
  const address = url.origin + path;
  const hint = `Written as ${address}: Claude Code appends /v1 itself.`;
  return { ok: true, address, hint: address === text ? undefined : hint };
}

/** A URL's host without the brackets of IPv6. */
export const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** Whether an address leads to a host that only this computer reaches. */
export function isLoopbackAddress(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isLoopbackHost(bareHost(url));
}

/** Whether an address leads to the relay: the same one, or another name of this computer with the same port. */
export function isSameRelay(address: string, relay: string): boolean {
  return isLoopbackAddress(address) && URL.parse(address)?.port === URL.parse(relay)?.port;
}

/** The address under which clients on this computer reach a listening relay. */
export function addressOf({ host, port }: Pick<Config['server'], 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const bracketed = reachable.includes(':') ? `[${reachable}]` : reachable;
  return `http://${bracketed}:${port === 0 ? defaultPort : port}`;
}
