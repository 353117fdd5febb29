import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Where to listen, or why the text says no such place. IPv6 hosts come without brackets. */
export type ListenAddress =
  | { readonly ok: true; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly reason: string };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const shape = 'must be host:port, such as 127.0.0.1:8787';

/** Reads `host:port`; `:8787` means every interface (0.0.0.0), IPv6 stands in brackets. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.includes('://')) return { ok: false, reason: `${shape}: leave the scheme out` };
  if (/\s/.test(text)) return { ok: false, reason: 'must not contain spaces' };
  const separator = text.lastIndexOf(':');
  if (separator === -1) return { ok: false, reason: shape };
  const host = text.slice(0, separator);
  const port = text.slice(separator + 1);
  if (host.includes(':') && !host.startsWith('[')) {
    return { ok: false, reason: 'must have an IPv6 address in brackets, such as [::1]:8787' };
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    return { ok: false, reason: 'must end in a port from 0 to 65535, such as 127.0.0.1:8787' };
  }
  const bareHost = readHost(host);
  return bareHost === undefined
    ? { ok: false, reason: shape }
    : { ok: true, host: bareHost, port: Number(port) };
}

function readHost(host: string): string | undefined {
  if (host === '') return '0.0.0.0';
  const [, bracketed] = /^\[(.*)\]$/.exec(host) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : undefined;
  return /^[\w.-]+$/.test(host) ? host : undefined;
}

/** Whether only this computer reaches a host: 127.0.0.0/8, ::1 or localhost. */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  if (isIPv4(host)) return loopback.check(host, 'ipv4');
  return isIPv6(host) && loopback.check(host, 'ipv6');
}
