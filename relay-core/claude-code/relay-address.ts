import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { isLoopbackHost } from '../config/listen-address.ts';
import { codeOf, type Refused } from './file-failure.ts';

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

const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

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

const runtimeSchema = z.looseObject({ pid: z.int().min(1), address: z.string().min(1) });

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it lives.
    return codeOf(error) === 'EPERM';
  }
}

function parseRuntime(text: string): z.infer<typeof runtimeSchema> | undefined {
  try {
    return runtimeSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function readRuntime(dataFolder: string): Promise<string> {
  try {
    return await readFile(join(dataFolder, 'runtime.json'), 'utf8');
  } catch (error) {
    // Without the note, or without access to it, the config's address is the best there is.
    if (codeOf(error) !== '') return '';
    throw error;
  }
}

/** The address of the relay that runs now, as its note in the data folder says; undefined = none runs. */
export async function findRunningAddress(dataFolder: string): Promise<string | undefined> {
  const runtime = parseRuntime(await readRuntime(dataFolder));
  if (runtime === undefined || !isAlive(runtime.pid)) return undefined;
  const url = URL.parse(runtime.address.includes('://') ? runtime.address : `http://${runtime.address}`);
  if (url === null) return undefined;
  if (url.protocol === 'https:') return url.origin;
  return addressOf({ host: bareHost(url), port: Number(url.port || 80) });
}
