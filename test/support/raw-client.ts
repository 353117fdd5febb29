import { connect, type Socket } from 'node:net';

/** A bare socket to the relay: for requests that no HTTP library would send. */
export type RawClient = {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Resolves when the relay has closed the connection. */
  readonly closed: Promise<void>;
  /** Resolves when `isEnough` accepts the text received so far, or the connection closed. */
  until(isEnough: (text: string) => boolean): Promise<string>;
};

/** Opens one connection and writes `bytes`. */
export const rawClient = (port: number, bytes: string | Buffer = ''): RawClient => {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  const waiters = new Set<() => void>();
  const wake = () => {
    for (const waiter of waiters) waiter();
  };
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      wake();
      resolve();
    });
  });
  if (bytes.length > 0) socket.write(bytes);
  return {
    socket,
    text: () => received,
    closed,
    until: (isEnough) =>
      new Promise((resolve) => {
        const look = () => {
          if (!isClosed && !isEnough(received)) return;
          waiters.delete(look);
          resolve(received);
        };
        waiters.add(look);
        look();
      }),
  };
};
