import type { ServerResponse } from 'node:http';
import { answer, errorBody, type Script, sse, streamEvents } from '../support/scripted-upstream.ts';
import { scripted } from './behaviours.ts';
import type { Behaviour } from './fault.ts';

/** How an answer that does not end as it should leaves its client. */
export type BadEnd = 'reset' | 'closed' | 'ended' | 'silent';

const messageOf = (text: string): string =>
  JSON.stringify({
    ...{ id: 'msg_dummy', type: 'message', role: 'assistant', model: 'claude-dummy' },
    ...{ content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null },
    usage: { input_tokens: 10, output_tokens: 5 },
  });

/** Two answers that cannot be taken for each other. */
export const firstMessage = messageOf('From the first.');
export const secondMessage = messageOf('From the second.');
export const firstStream = streamEvents('From the first.').join('');
export const secondStream = streamEvents('From the second.').join('');

const deltas = ['From ', 'the ', 'first.'].map((text) =>
  sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
);
const [messageStart = '', blockStart = ''] = streamEvents();

/** What has come of a stream before anything of its answer. */
export const beforeContent = messageStart;
/** Up to a few whole deltas, the block still open. */
export const upToMidBlock = [messageStart, blockStart, ...deltas].join('');
/** Up to the middle of an event. */
export const upToMidEvent = upToMidBlock + deltas[0]?.slice(0, 40);

/** The type of each kind of body. */
export const eventStream = { 'content-type': 'text/event-stream; charset=utf-8' };
export const json = { 'content-type': 'application/json' };
export const html = { 'content-type': 'text/html' };

const leave = (response: ServerResponse, end: BadEnd): void => {
  switch (end) {
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'closed':
      response.socket?.destroy();
      return;
    case 'ended':
      response.end();
      return;
    case 'silent':
  }
};

/** Answers 200 with `body`, then leaves in a bad way. An empty body is the head alone. */
export const cutAnswer = (
  body: string | Buffer,
  headers: Readonly<Record<string, string | number>>,
  end: BadEnd,
): Behaviour =>
  scripted((response) => {
    response.writeHead(200, headers);
    response.flushHeaders();
    // What is still in our own buffers would not go out before a reset.
    const then = () => setImmediate(() => leave(response, end));
    if (body.length === 0) then();
    else response.write(body, then);
  }, body);

/** Answers with this status and body, whole. */
export const wholeAnswer = (
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Behaviour => scripted(answer(status, body, headers), body);

/** Answers with an error in Anthropic's envelope. */
export const errorEnvelope = (
  status: number,
  type: string,
  headers: Record<string, string> = {},
): Behaviour => wholeAnswer(status, errorBody(type, `scripted ${status}`), headers);

/** Answers well, but so late. */
export const lateAnswer =
  (delayMs: number, script: Script): Script =>
  (response, request) => {
    const timer = setTimeout(() => script(response, request), delayMs);
    response.on('close', () => clearTimeout(timer));
  };
