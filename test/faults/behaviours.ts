import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import type { Behaviour, FaultyUpstream } from './fault.ts';

const nothing = Buffer.alloc(0);

/** An HTTP server that does this with every Messages request; `sent` = the body that it writes. */
export const scripted = (script: Script, sent: string | Buffer = nothing): Behaviour => ({
  start: async () => {
    const upstream = await ScriptedUpstream.start(script);
    return {
      url: upstream.url,
      // A 401 is confirmed by a free GET besides.
      messageCount: () => upstream.requests.filter(({ method }) => method === 'POST').length,
      stop: () => upstream.stop(),
    };
  },
  sent: Buffer.from(sent),
  isDeaf: false,
});

const deaf = (start: () => Promise<Omit<FaultyUpstream, 'messageCount'>>): Behaviour => ({
  start: async () => ({ ...(await start()), messageCount: () => 0 }),
  sent: nothing,
  isDeaf: true,
});

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
};

const listen = (server: Server): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** Nobody listens on the port. A connection of our own starts from it, or the next server to be opened might get it. */
export const closedPort = deaf(async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  await listen(server);
  const holder = connect(portOf(server), '127.0.0.1');
  await once(holder, 'connect');
  const url = `http://127.0.0.1:${holder.localPort}`;
  const stop = async () => {
    holder.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, stop };
});

/** A host that no name server knows (RFC 6761 reserves .invalid for that). */
export const unknownHost = deaf(() =>
  Promise.resolve({ url: 'http://nobody.invalid', stop: () => Promise.resolve() }),
);

/** Takes connections and never answers the TLS handshake. */
export const silentTls = deaf(async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
  });
  await listen(server);
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `https://127.0.0.1:${portOf(server)}`, stop };
});

/** Listens, then never turns to its connections again. */
const stuckListener = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  // In one turn: a connection accepted after the queue was full would leave room in it.
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

const mostWaiting = 16;
const isConnectedWithinMs = 100;

const tryConnect = (port: number): Promise<{ readonly socket: Socket; readonly isConnected: boolean }> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // After a busy turn timers come before sockets: these get their say before it is decided.
    const decide = () => setImmediate(() => resolve({ socket, isConnected: false }));
    const timer = setTimeout(decide, isConnectedWithinMs);
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve({ socket, isConnected: true });
    });
  });

/** A listener whose queue is full: the kernel drops what else would connect, as a dead host does. Linux. */
export const fullBacklog = deaf(async () => {
  const worker = new Worker(stuckListener, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const waiting: Socket[] = [];
  const stop = async () => {
    for (const socket of waiting) socket.destroy();
    await worker.terminate();
  };
  while (waiting.length < mostWaiting) {
    const { socket, isConnected } = await tryConnect(port);
    waiting.push(socket);
    if (!isConnected) return { url: `http://127.0.0.1:${port}`, stop };
  }
  await stop();
  throw new Error('the kernel goes on taking connections that nobody accepts');
});
