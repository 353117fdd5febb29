import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy on loopback that remembers which places it was asked for. */
export type StartedProxy = {
  readonly port: number;
  readonly asked: readonly string[];
  stop(): Promise<void>;
};

const open = async (server: Server, asked: readonly string[]): Promise<StartedProxy> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const join = (left: Socket, right: Socket) => {
  left.pipe(right).pipe(left);
};

const endTogether = (left: Socket, right: Socket) => {
  left.on('error', () => right.destroy());
  right.on('error', () => left.destroy());
};

/** An HTTP proxy: CONNECT tunnels, and absolute-form requests over a tunnel of its own making. */
export const startHttpProxy = (): Promise<StartedProxy> => {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    const target = new URL(request.url ?? '');
    asked.push(target.host);
    const socket = connect(Number(target.port), target.hostname, () => {
      const headers = request.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : [],
      );
      socket.write(
        `${request.method} ${target.pathname}${target.search} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`,
      );
      request.pipe(socket, { end: false });
      response.detachSocket(request.socket);
      socket.pipe(request.socket);
    });
    socket.on('error', () => response.writeHead(502).end());
  });
  server.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      join(client, upstream);
    });
    endTogether(client, upstream);
  });
  return open(server, asked);
};

/** A SOCKS5 proxy without authentication (RFC 1928), IPv4 and names only. */
export const startSocksProxy = (): Promise<StartedProxy> => {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request: Buffer) => {
        const isName = request[3] === 3;
        const length = isName ? (request[4] ?? 0) : 4;
        const from = isName ? 5 : 4;
        const raw = request.subarray(from, from + length);
        const host = isName ? raw.toString() : [...raw].join('.');
        const port = request.readUInt16BE(from + length);
        asked.push(`${host}:${port}`);
        const upstream = connect(port, host, () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          join(client, upstream);
        });
        endTogether(client, upstream);
      });
    });
  });
  return open(server, asked);
};
