import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { AskHealth, HealthAnswer } from '../claude-code/relay-health.ts';
import { serverName } from '../server/error-reply.ts';

const limitMs = 2_000;

/** What an answer's `server` header may show on a terminal. */
const printable = (server: string | string[] | undefined): string | undefined =>
  server === undefined
    ? undefined
    : String(server)
        .replace(/[^\x20-\x7e]/g, '')
        .slice(0, 40);

/** Asks who answers at an address; never goes through a proxy. */
export const askHealth: AskHealth = (address) =>
  new Promise<HealthAnswer>((resolve) => {
    const url = URL.parse(`${address.replace(/\/$/, '')}/health`);
    if (url === null) {
      resolve({ kind: 'nobody' });
      return;
    }
    let isConnected = false;
    const onAnswer = (response: IncomingMessage): void => {
      response.resume();
      const { server } = response.headers;
      resolve(server === serverName ? { kind: 'relay' } : { kind: 'stranger', server: printable(server) });
    };
    const request: ClientRequest = (url.protocol === 'https:' ? getSecurely : get)(
      url,
      { agent: false },
      onAnswer,
    );
    request.once('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true;
      }),
    );
    request.setTimeout(limitMs, () => request.destroy(new Error('silent')));
    request.once('error', () =>
      resolve(isConnected ? { kind: 'stranger', server: undefined } : { kind: 'nobody' }),
    );
  });
