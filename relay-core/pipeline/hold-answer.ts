import { findHeader } from '../messages/header-list.ts';
import { joinChunks } from '../messages/join-chunks.ts';
import { readJsonString } from '../messages/json-scan.ts';
import { StreamWatch } from '../messages/stream-watch.ts';
import { findTopLevelField, isClosedObject } from '../messages/top-level-field.ts';
import type { Clock } from '../ports.ts';
import type { FailedAnswer, ProviderAdapter } from '../providers/provider.ts';
import type { AttemptFailure } from '../resilience/attempt-failure.ts';
import type { UpstreamReply } from '../upstreams/send.ts';

/** A 2xx answer that may go to the client: what arrived so far, and whether more will come. */
export type HeldAnswer = {
  readonly reply: UpstreamReply;
  readonly held: readonly Buffer[];
  /** False = `held` is the whole body. */
  readonly isOpen: boolean;
  /** Follows a readable Messages stream; absent for JSON and for encoded answers. */
  readonly watch: StreamWatch | undefined;
};

/** What holding found out. `answer` is what the upstream said, where that may be passed on at the end. */
export type HoldResult =
  | { readonly kind: 'answered'; readonly answer: HeldAnswer }
  | {
      readonly kind: 'failed';
      readonly failure: AttemptFailure;
      readonly answer?: FailedAnswer;
      /** True = the dialect has learnt something: built anew, the request is another one. */
      readonly hasLearnt?: boolean;
    };

/** Bounds of the hold (behaviour.md 1): a stream's first bytes and milliseconds. */
export type HoldLimits = {
  readonly clock: Clock;
  readonly holdMs: number;
  readonly adapter: ProviderAdapter;
};

const heldStreamBytes = 65_536;
/** A JSON answer larger than this is passed on while it comes. */
const heldWholeBytes = 67_108_864;

const broken = (detail: string): HoldResult => ({
  kind: 'failed',
  failure: { kind: 'stream-broken', detail },
});

/**
 * Holds back a 2xx answer until it has shown itself to be one: a stream until its first content, a JSON
 * body until it is whole. What turns out to be an error, empty, HTML or cut may still fail over.
 */
export const holdAnswer = (reply: UpstreamReply, limits: HoldLimits): Promise<HoldResult> => {
  const isEncoded = !['', 'identity'].includes(findHeader(reply.headers, 'content-encoding') ?? '');
  const isStream = /^text\/event-stream/i.test(findHeader(reply.headers, 'content-type') ?? '');
  if (!isStream) return holdWhole(reply, isEncoded);
  return isEncoded ? holdUnreadable(reply) : holdStream(reply, limits);
};

/** An encoded stream cannot be judged: it passes from its first byte. */
const holdUnreadable = async (reply: UpstreamReply): Promise<HoldResult> => {
  const part = await reply.body.next();
  if (part.kind !== 'chunk') return broken('the upstream answered 200 with an empty body');
  return { kind: 'answered', answer: { reply, held: [part.chunk], isOpen: true, watch: undefined } };
};

const holdStream = async (reply: UpstreamReply, limits: HoldLimits): Promise<HoldResult> => {
  const watch = new StreamWatch();
  const held: Buffer[] = [];
  let heldBytes = 0;
  const timer = limits.clock.startTimer(limits.holdMs, () => reply.body.nudge());
  try {
    for (;;) {
      const part = await reply.body.next();
      if (part.kind === 'end') return endedEarly(watch, reply, held);
      if (part.kind === 'broken') return broken(`the stream broke before its content: ${part.detail}`);
      if (part.kind === 'chunk') {
        held.push(part.chunk);
        heldBytes += part.chunk.length;
        watch.push(part.chunk);
        if (watch.error !== undefined && !watch.hasBegun) return streamError({ reply, held, watch }, limits);
      }
      if (part.kind === 'nudged' || watch.hasBegun || heldBytes >= heldStreamBytes)
        return { kind: 'answered', answer: { reply, held, isOpen: true, watch } };
    }
  } finally {
    timer.cancel();
  }
};

/** A stream that is over before any content: whole if it says so itself, else broken. */
const endedEarly = (watch: StreamWatch, reply: UpstreamReply, held: readonly Buffer[]): HoldResult => {
  if (held.length === 0) return broken('the upstream answered 200 with an empty body');
  if (watch.hasStopped) return { kind: 'answered', answer: { reply, held, isOpen: false, watch } };
  return broken('the stream ended before its content');
};

type FailedStream = {
  readonly reply: UpstreamReply;
  readonly held: readonly Buffer[];
  readonly watch: StreamWatch;
};

const streamError = ({ reply, held, watch }: FailedStream, { adapter, clock }: HoldLimits): HoldResult => {
  reply.body.abort();
  const failure = adapter.classifyStreamError(watch.error ?? { type: 'api_error', message: '' }, clock.now());
  // The upstream's own words go out verbatim if nobody can do better.
  const answer = { status: reply.status, headers: reply.headers, body: Buffer.concat(held) };
  return { kind: 'failed', failure, answer };
};

const holdWhole = async (reply: UpstreamReply, isEncoded: boolean): Promise<HoldResult> => {
  const held: Buffer[] = [];
  let heldBytes = 0;
  for (;;) {
    const part = await reply.body.next();
    if (part.kind === 'broken') return broken(`the answer was cut: ${part.detail}`);
    if (part.kind === 'end') {
      const body = joinChunks(held);
      const fault = isEncoded ? undefined : findFault(body);
      if (fault !== undefined) return broken(fault);
      return { kind: 'answered', answer: { reply, held: [body], isOpen: false, watch: undefined } };
    }
    if (part.kind !== 'chunk') continue;
    held.push(part.chunk);
    heldBytes += part.chunk.length;
    if (heldBytes > heldWholeBytes)
      return { kind: 'answered', answer: { reply, held, isOpen: true, watch: undefined } };
  }
};

/** Why a complete 200 body is no answer, or undefined when it is one. */
const findFault = (body: Buffer): string | undefined => {
  const text = body.length > 0 ? body.toString('latin1', 0, 64).trimStart() : '';
  if (text === '') return 'the upstream answered 200 with an empty body';
  if (!text.startsWith('{')) return 'the upstream answered 200 with something that is no JSON object';
  if (!isClosedObject(body)) return 'the answer was cut';
  const type = findTopLevelField(body, 'type');
  if (type.kind === 'malformed') return 'the upstream answered 200 with broken JSON';
  const isError =
    type.kind === 'found'
      ? readJsonString(body, type.start, type.end) === 'error'
      : findTopLevelField(body, 'error').kind === 'found';
  return isError ? 'the upstream answered 200 with an error inside' : undefined;
};
