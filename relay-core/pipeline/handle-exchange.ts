import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import { RelayError } from '../errors.ts';
import { sessionInBody } from '../messages/session-in-body.ts';
import type { MessagesCall } from '../providers/provider.ts';
import { ClientReply } from '../server/client-reply.ts';
import { ClientLeft } from '../server/read-body.ts';
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts';
import { acceptCall } from './accept-call.ts';
import { attemptUpstreams } from './attempt-upstreams.ts';
import type { Authenticate } from './authenticate.ts';
import { Exchange, type ExchangeParts, type RequestHead } from './exchange.ts';
import { recordExchange } from './record-exchange.ts';
import { type RoutePlan, selectRoute } from './select-route.ts';
import { refuse, streamToClient } from './stream-to-client.ts';

/** What handling needs beyond one request. */
export type HandlerParts = {
  readonly config: Config;
  readonly authenticate: Authenticate;
  readonly registry: UpstreamRegistry;
  readonly routePlan: RoutePlan;
  readonly parts: ExchangeParts;
  /** Exchanges that run now: the relay calls them off when it must stop. */
  readonly running: Set<Exchange>;
};

/** Serves one request on `/v1/messages`, from its headers to its record. Never throws. */
export const handleExchange = async (
  handler: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const exchange = openExchange(handler, request, response);
  const { server } = handler.config;
  // The longest wait for an answer, all attempts and rounds together.
  const deadline = handler.parts.clock.startTimer(server.timeoutMs, () => exchange.callOff('deadline'));
  try {
    const attempted = await relay(handler, exchange, request);
    deadline.cancel();
    await streamToClient(exchange, attempted);
  } catch (error) {
    await answerError(exchange, error);
  } finally {
    deadline.cancel();
    // Whatever still waits or flows for it, waits for nobody now.
    exchange.cancellation.cancel();
    handler.running.delete(exchange);
    exchange.reply.stopPings();
    recordExchange(exchange);
  }
};

const relay = async (handler: HandlerParts, exchange: Exchange, request: IncomingMessage) => {
  const { config, registry, parts } = handler;
  const client = handler.authenticate(request.headers);
  const call = await acceptCall(request, {
    maxBytes: config.server.maxBodyBytes,
    idleMs: parts.deadlines.bodyIdleMs,
    clock: parts.clock,
  });
  exchange.model = call.field.model;
  exchange.requestBytes = call.body.length;
  const learned = registry.learnModels(parts.clock);
  if (learned !== undefined) await learned;
  const query = {
    client,
    call,
    upstreams: registry.inService,
    outOfService: registry.outOfService,
    subscriptionFailover: config.routing.subscriptionFailover,
    nowMs: parts.clock.monotonic(),
    findSession: () => findSession(exchange, call),
  };
  const { candidates, isSticky } = selectRoute(query, handler.routePlan);
  exchange.isSticky = isSticky;
  const { maxAttempts } = config.routing;
  const patienceMs = patienceOf(config, request);
  return attemptUpstreams(exchange, call, { candidates, maxAttempts, patienceMs });
};

/** The header costs nothing; without it the conversation stands in the body, behind its messages. */
const findSession = (exchange: Exchange, { body }: MessagesCall): string | undefined => {
  exchange.session ??= sessionInBody(body);
  return exchange.session;
};

/** Never longer than the client itself waits: the SDKs say so in `x-stainless-timeout`, in seconds. */
const patienceOf = (config: Config, { headers }: IncomingMessage): number => {
  const seconds = Number(headers['x-stainless-timeout']);
  return seconds > 0 ? Math.min(config.routing.patienceMs, seconds * 1000) : config.routing.patienceMs;
};

const openExchange = (
  handler: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Exchange => {
  const { clock, deadlines, bus } = handler.parts;
  const settings = { clock, stallMs: deadlines.clientStallMs, pingEveryMs: deadlines.pingEveryMs };
  const exchange = new Exchange(handler.parts, new ClientReply(response, settings), readHead(request));
  handler.running.add(exchange);
  response.once('close', () => {
    if (!response.writableFinished) exchange.callOff('client-left');
  });
  bus.emit({ kind: 'exchange-started', exchangeId: exchange.id, at: exchange.startedAt });
  return exchange;
};

const sanePattern = /^[\x21-\x7e]{1,128}$/;

const readHead = ({ method, url, headers }: IncomingMessage): RequestHead => ({
  method: method ?? '',
  path: (url ?? '/').split('?', 1)[0] ?? '/',
  requestId: saneHeader(headers['x-request-id']),
  sessionId: saneHeader(headers['x-claude-code-session-id']),
});

const saneHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && sanePattern.test(value) ? value : undefined;

const answerError = async (exchange: Exchange, error: unknown): Promise<void> => {
  if (error instanceof ClientLeft) {
    exchange.conclude('client-left');
    return;
  }
  if (error instanceof RelayError) {
    refuse(exchange, error);
    return;
  }
  exchange.parts.log.error('an exchange failed inside the relay', {
    id: exchange.id,
    error: error instanceof Error ? (error.stack ?? error.message) : 'unknown',
  });
  if (!exchange.reply.isCommitted)
    refuse(exchange, new RelayError('internal', 'The relay failed; its log says why', { cause: error }));
  else await exchange.reply.breakOff();
};
