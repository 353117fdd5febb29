import { RelayError } from '../errors.ts';
import { joinChunks } from '../messages/join-chunks.ts';
import { readErrorEnvelope, type StreamWatch } from '../messages/stream-watch.ts';
import { usageInBody } from '../messages/usage.ts';
import { errorEvent, errorReply } from '../server/error-reply.ts';
import type { ReplyPart } from '../upstreams/reply-body.ts';
import type { Target } from './attempt.ts';
import type { Attempted } from './attempt-upstreams.ts';
import { relayHeaders, streamAnswerHeaders, wholeAnswerHeaders } from './client-headers.ts';
import type { Exchange } from './exchange.ts';
import type { FinalAnswer } from './final-answer.ts';
import type { HeldAnswer } from './hold-answer.ts';
import { noteAnswered, noteServed } from './note-outcome.ts';

/** After the attempts: gives the client what they came to. No failover happens from here on. */
export const streamToClient = async (exchange: Exchange, attempted: Attempted): Promise<void> => {
  switch (attempted.kind) {
    case 'answered':
      try {
        noteServed(exchange, attempted.target);
        await giveAnswer(exchange, attempted.answer, attempted.target);
      } finally {
        // A permission that never reports would leave a half-open breaker waiting for ever.
        exchange.usage = attempted.answer.watch?.usage ?? exchange.usage;
        noteAnswered(exchange, attempted.target, attempted.answer);
      }
      return;
    case 'final':
      giveFinal(exchange, attempted.final);
      return;
    case 'called-off':
      await giveUp(exchange);
  }
};

/** Writes an error of ours: as an answer of its own, or as an event where a 200 with pings is already out. */
export const refuse = (exchange: Exchange, error: RelayError): void => {
  exchange.conclude('refused', error.message);
  if (exchange.reply.isCommitted) {
    exchange.reply.finishWith(errorEvent(error, exchange.id));
    return;
  }
  const { status, headers, body } = errorReply(error, exchange.id);
  exchange.commit(status, [...headers, ...relayHeaders(exchange)]);
  exchange.reply.finishWith(body);
};

const giveAnswer = async (exchange: Exchange, answer: HeldAnswer, target: Target): Promise<void> => {
  const { reply, held, isOpen, watch } = answer;
  if (exchange.reply.isCommitted && watch === undefined) {
    reply.body.abort();
    refuse(
      exchange,
      new RelayError('upstream-failed', `${target.upstream.config.name}: answered without a stream`),
    );
    return;
  }
  if (!isOpen && watch === undefined) {
    const body = joinChunks(held);
    const { headers } = reply;
    exchange.commit(reply.status, wholeAnswerHeaders(exchange, { headers, bodyBytes: body.length }, target));
    exchange.usage = usageInBody(body);
    exchange.conclude('completed');
    exchange.reply.finishWith(body);
    return;
  }
  exchange.commit(reply.status, streamAnswerHeaders(exchange, reply.headers, target));
  if (watch) exchange.reply.keepAwake(() => watch.isBetweenEvents);
  for (const chunk of held) await exchange.reply.write(chunk);
  if (held.length === 0) exchange.reply.flushHead();
  await passOn(exchange, answer);
};

/** Bytes as they come, until the upstream has no more: resolves with how its body ended. */
const pump = async (exchange: Exchange, { reply, watch, isOpen }: HeldAnswer): Promise<ReplyPart> => {
  if (!isOpen) return { kind: 'end' };
  for (;;) {
    const part = await reply.body.next();
    if (part.kind === 'end' || part.kind === 'broken') return part;
    if (part.kind === 'nudged') continue;
    watch?.push(part.chunk);
    // Awaited only when the client is slow: a promise for every chunk would cost more than the chunk.
    const drained = exchange.reply.write(part.chunk);
    if (drained !== undefined) await drained;
  }
};

/** The rest of an answer: whole, visibly broken, or without anybody left to read it. */
const passOn = async (exchange: Exchange, answer: HeldAnswer): Promise<void> => {
  const last = await pump(exchange, answer);
  const { watch } = answer;
  if (exchange.calledOff === 'client-left') {
    exchange.conclude('client-left');
    return;
  }
  const isWhole = watch === undefined ? last.kind === 'end' : watch.hasStopped;
  if (isWhole) exchange.conclude('completed');
  else exchange.conclude('broken', describeBreak(last, watch));
  // An error event of the upstream ends a stream properly: the client has been told.
  if (isWhole || (last.kind === 'end' && watch?.error !== undefined)) exchange.reply.end();
  else await exchange.reply.breakOff();
};

const describeBreak = (part: ReplyPart, watch: StreamWatch | undefined): string => {
  if (watch?.error !== undefined) return `the upstream sent an error: ${watch.error.type}`;
  return part.kind === 'broken' ? part.detail : 'the stream ended without message_stop';
};

const giveFinal = (exchange: Exchange, final: FinalAnswer): void => {
  if (final.kind === 'ours') {
    refuse(exchange, final.error);
    return;
  }
  const { answer, failed } = final;
  exchange.conclude('upstream-error', failed.failure.kind);
  if (exchange.reply.isCommitted) {
    exchange.reply.finishWith(asErrorEvent(exchange, final));
    return;
  }
  const { status, headers, body } = answer;
  const size = { headers, bodyBytes: body.length };
  exchange.commit(status, wholeAnswerHeaders(exchange, size, failed.target));
  exchange.reply.finishWith(body);
};

/** What an upstream said too late for a status of its own. */
const asErrorEvent = (
  exchange: Exchange,
  { answer, failed }: Extract<FinalAnswer, { kind: 'verbatim' }>,
): Buffer => {
  if (answer.status < 300) return answer.body;
  const text = answer.body.toString('utf8').trim();
  const isEnvelope = readErrorEnvelope(text).message !== '' && !/[\r\n]/.test(text);
  if (isEnvelope) return Buffer.from(`event: error\ndata: ${text}\n\n`);
  const name = failed.target.upstream.config.name;
  return errorEvent(new RelayError('upstream-failed', `${name}: answered ${answer.status}`), exchange.id);
};

const giveUp = async (exchange: Exchange): Promise<void> => {
  switch (exchange.calledOff) {
    case 'client-left':
      exchange.conclude('client-left');
      return;
    case 'deadline':
      refuse(exchange, new RelayError('upstream-timeout', 'No upstream answered within server.timeout_ms'));
      return;
    case 'shutdown':
    case undefined:
      exchange.conclude('refused', 'the relay was stopped');
      await exchange.reply.breakOff();
  }
};
