import { findTopLevelField } from '../messages/top-level-field.ts';
import type { MessagesCall } from '../providers/provider.ts';
import { relayHeaders } from './client-headers.ts';
import type { Exchange } from './exchange.ts';

/** Does the request ask for a stream? Read only when it matters: `stream` stands last in Claude Code's bodies. */
const wantsStream = ({ body }: MessagesCall): boolean => {
  const stream = findTopLevelField(body, 'stream');
  return stream.kind === 'found' && body.toString('latin1', stream.start, stream.end) === 'true';
};

/**
 * After `afterMs` without headers from the last candidate a streaming client gets its 200 and pings, because
 * it gives up at 600 s without headers but waits as long as bytes come. Returns what disarms it.
 */
export const armEarlyCommit = (exchange: Exchange, call: MessagesCall, afterMs: number): (() => void) => {
  const { clock } = exchange.parts;
  const timer = clock.startTimer(afterMs, () => {
    if (exchange.reply.isCommitted || !wantsStream(call)) return;
    exchange.commit(200, [
      ...['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache, no-transform'],
      ...['request-id', exchange.id],
      ...relayHeaders(exchange),
    ]);
    exchange.reply.flushHead();
    exchange.reply.keepAwake(() => true);
  });
  return () => timer.cancel();
};
