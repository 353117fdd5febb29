/** The upstream of the bench, a process of its own: answers at once, as JSON or as a stream, as the body asks. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { jsonAnswer, streamEvents } from './answers.ts';

/** Events written before the next turn of the event loop: a stream arrives in several packets, as real ones do. */
const eventsPerTurn = 5;

const commonHeaders: readonly string[] = [
  ...['request-id', 'req_dummy0000000000000000', 'anthropic-organization-id', '00000000-dummy'],
  ...['anthropic-ratelimit-requests-limit', '4000', 'anthropic-ratelimit-requests-remaining', '3999'],
  ...['anthropic-ratelimit-requests-reset', '2030-01-01T00:00:00Z'],
  ...['anthropic-ratelimit-tokens-limit', '400000', 'anthropic-ratelimit-tokens-remaining', '399000'],
  ...['anthropic-ratelimit-tokens-reset', '2030-01-01T00:00:00Z'],
  ...['strict-transport-security', 'max-age=31536000', 'server', 'dummy', 'cf-cache-status', 'DYNAMIC'],
];
const jsonHeaders = [
  ...['content-type', 'application/json', 'content-length', String(jsonAnswer.length)],
  ...commonHeaders,
];
const streamHeaders = [
  ...['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache'],
  ...commonHeaders,
];

const writeEvents = (response: ServerResponse, from: number): void => {
  if (response.destroyed) return;
  if (from >= streamEvents.length) {
    response.end();
    return;
  }
  const next = from + eventsPerTurn;
  // One HTTP chunk an event: vendors flush after each.
  for (const event of streamEvents.slice(from, next)) response.write(event);
  setImmediate(writeEvents, response, next);
};

const streamFlag = '"stream":true}';

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  let tail = '';
  request.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - streamFlag.length))).slice(-32);
  });
  request.on('end', () => {
    if (tail.endsWith(streamFlag)) {
      response.writeHead(200, streamHeaders);
      writeEvents(response, 0);
      return;
    }
    response.writeHead(200, jsonHeaders);
    response.end(jsonAnswer);
  });
};

const server = createServer({ keepAliveTimeout: 120_000 }, answer);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`listening on http://127.0.0.1:${address?.port}\n`);
});
