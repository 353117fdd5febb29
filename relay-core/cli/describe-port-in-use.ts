import { get } from 'node:http';
import { serverName } from '../server/error-reply.ts';

/** A start that failed. `code` is the system's. */
export type FailedStart = { readonly host: string; readonly port: number; readonly code: string };

const probeMs = 2_000;

/** Why the port could not be opened, who holds it, and what to do. */
export const describePortInUse = async ({ host, port, code }: FailedStart): Promise<string> => {
  switch (code) {
    case 'EADDRINUSE':
      return `${host}:${port} is taken: ${await nameHolder(host, port)}. Stop it, or choose another port with --port.`;
    case 'EACCES':
      return `${host}:${port} may not be opened by this user: choose a port above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: choose another with --host.`;
    default:
      return `${host}:${port} could not be opened (${code}).`;
  }
};

/** A wildcard address is asked on loopback. */
const dialledHost = (host: string): string => (host === '0.0.0.0' || host === '::' ? 'localhost' : host);

const nameHolder = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const request = get({ host: dialledHost(host), port, path: '/health', agent: false }, (response) => {
      response.resume();
      const { server } = response.headers;
      resolve(
        server === serverName
          ? 'another CC-Relay answers there'
          : `an HTTP server answers there${server === undefined ? '' : ` (${server})`}`,
      );
    });
    request.setTimeout(probeMs, () => request.destroy(new Error('silent')));
    request.once('error', () => resolve('a program that does not speak HTTP holds it'));
  });
