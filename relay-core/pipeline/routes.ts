import type { ServerResponse } from 'node:http';
import { RelayError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { serverName } from '../server/error-reply.ts';
import { type Route, sendJson } from '../server/http-server.ts';
import { handleCountTokens } from './count-tokens.ts';
import { type HandlerParts, handleExchange } from './handle-exchange.ts';
import { allModels, findModel, listModels } from './list-models.ts';
import { listProviders } from './list-providers.ts';
import { TokenCounts } from './token-counts.ts';

const modelsPath = '/v1/models';

/** Everything the relay serves. What lists providers or models wants the same credential as messages do. */
export const createRoutes = (current: () => HandlerParts, clock: Clock): readonly Route[] => {
  const counts = new TokenCounts(clock);
  return [
    {
      method: 'POST',
      path: '/v1/messages',
      handle: (request, response) => handleExchange(current(), request, response),
    },
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      handle: (request, response) => handleCountTokens({ ...current(), counts }, request, response),
    },
    {
      method: 'GET',
      path: modelsPath,
      handle: async (request, response) => {
        const { authenticate, registry } = current();
        authenticate(request.headers);
        await registry.learnModels(clock);
        const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
        sendJson(response, listModels(allModels(registry.inService), searchParams));
      },
    },
    {
      method: 'GET',
      path: `${modelsPath}/`,
      handle: async (request, response) => {
        const { authenticate, registry } = current();
        authenticate(request.headers);
        await registry.learnModels(clock);
        const { pathname } = new URL(request.url ?? '/', 'http://localhost');
        sendJson(response, findModel(allModels(registry.inService), modelIdOf(pathname)));
      },
    },
    {
      method: 'GET',
      path: '/v1/providers',
      handle: (request, response) => {
        const { authenticate, registry } = current();
        authenticate(request.headers);
        sendJson(response, listProviders(registry));
      },
    },
    { method: 'GET', path: '/health', handle: (_request, response) => sendJson(response, { status: 'ok' }) },
    // Claude Code warms its connection with HEAD /api/hello; people open / in a browser.
    { method: 'GET', path: '/api/hello', handle: (_request, response) => greet(response) },
    { method: 'GET', path: '/', handle: (_request, response) => greet(response) },
  ];
};

const greet = (response: ServerResponse): void => {
  const text = 'CC-Relay is running. Point Claude Code at this address with ANTHROPIC_BASE_URL.\n';
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': text.length,
    server: serverName,
  });
  response.end(text);
};

const modelIdOf = (pathname: string): string => {
  try {
    return decodeURIComponent(pathname.slice(modelsPath.length + 1));
  } catch {
    throw new RelayError('unknown-model', 'model: the id is not readable');
  }
};
