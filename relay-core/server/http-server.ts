import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RelayError, type RelayErrorCode } from '../errors.ts';
import { errorReply, serverName } from './error-reply.ts';
import { type GuardSettings, guard } from './guard.ts';

/** Serves one request; must not throw, or throws RelayError for a refusal. */
type RouteHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** One route: an exact path, or a prefix that ends in `/`. GET routes answer HEAD too. */
export type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: RouteHandler;
};

/** What the server needs. `newRequestId` names refusals; `onFault` hears of bugs. */
export type ServerParts = {
  /** Asked for each request: a new configuration may change them. */
  readonly guard: () => GuardSettings;
  readonly routes: readonly Route[];
  readonly newRequestId: () => string;
  readonly onFault: (error: unknown) => void;
};

/** Room for ANTHROPIC_CUSTOM_HEADERS and long beta lists; beyond it 431. */
const maxHeaderBytes = 65_536;
/** A connection that never completes its headers is closed after so long. */
const headersTimeoutMs = 30_000;
/** The whole of a request, body included, must arrive within this. */
const requestTimeoutMs = 300_000;
/** Clients reuse sockets; a close just before their next request would cost them a retry. */
const keepAliveMs = 120_000;
const checkEveryMs = 5_000;
const maxConnections = 10_000;

/** The relay's HTTP face: guard, routes, and bounds against clients that stall. Not yet listening. */
export const createHttpServer = (parts: ServerParts): Server => {
  const tabled = { ...parts, table: tabulate(parts.routes) };
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkEveryMs,
    },
    (request, response) => void answer(tabled, request, response),
  );
  server.maxConnections = maxConnections;
  server.on('clientError', (error, socket) => answerMalformed(parts, error, socket));
  return server;
};

/** Writes JSON: the small answers of the relay itself. */
export const sendJson = (response: ServerResponse, body: unknown): void => {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(200, [
    ...['content-type', 'application/json', 'content-length', String(text.length)],
    ...['server', serverName, 'cache-control', 'no-store'],
  ]);
  response.end(text);
};

type TabledParts = ServerParts & { readonly table: RouteTable };

const answer = async (parts: TabledParts, request: IncomingMessage, response: ServerResponse) => {
  try {
    guard(request.headers, parts.guard());
    await findRoute(parts.table, request).handle(request, response);
  } catch (error) {
    if (!(error instanceof RelayError)) parts.onFault(error);
    sendError(parts, response, error);
  }
};

const sendError = (parts: ServerParts, response: ServerResponse, error: unknown): void => {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof RelayError ? error : new RelayError('internal', 'The relay failed; its log says why');
  const { status, headers, body } = errorReply(refusal, parts.newRequestId());
  response.writeHead(status, [...headers]);
  response.end(body);
};

/** Routes by their path, and those that stand for everything below theirs. */
type RouteTable = { readonly exact: ReadonlyMap<string, readonly Route[]>; readonly below: readonly Route[] };

const isPrefix = ({ path }: Route): boolean => path.length > 1 && path.endsWith('/');

const tabulate = (routes: readonly Route[]): RouteTable => ({
  exact: Map.groupBy(
    routes.filter((route) => !isPrefix(route)),
    ({ path }) => path,
  ),
  below: routes.filter(isPrefix),
});

const findRoute = ({ exact, below }: RouteTable, { method, url }: IncomingMessage): Route => {
  const path = (url ?? '/').split('?', 1)[0] ?? '/';
  const onPath = exact.get(path) ?? below.filter((route) => path.startsWith(route.path));
  if (onPath.length === 0)
    throw new RelayError('unknown-route', `${path}: the relay does not serve this path`);
  const route = onPath.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method));
  if (route === undefined) throw new RelayError('wrong-method', `${path}: ${method} is not allowed here`);
  return route;
};

const codeForParserError: Readonly<Record<string, RelayErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'body-stalled',
};

const messageForCode: Readonly<Partial<Record<RelayErrorCode, string>>> = {
  'headers-too-large': `The request headers exceed ${maxHeaderBytes} bytes`,
  'body-stalled': 'The request did not arrive in time',
};

/** What is no HTTP gets its answer on the bare socket, in the same envelope. */
const answerMalformed = (parts: ServerParts, error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = codeForParserError[error.code ?? ''] ?? 'http-malformed';
  const refusal = new RelayError(code, messageForCode[code] ?? 'This is no HTTP request that can be read');
  const { status, headers, body } = errorReply(refusal, parts.newRequestId());
  const lines = [`HTTP/1.1 ${status} Refused`, 'connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
};
