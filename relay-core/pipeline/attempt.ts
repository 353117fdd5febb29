import type { AttemptRecord } from '../contracts/records.ts';
import { credentialDigest } from '../keys/credential-cooldowns.ts';
import type { Permit, Used } from '../keys/permit.ts';
import type { PooledKey } from '../keys/pooled-key.ts';
import {
  type Credential,
  CredentialError,
  type FailedAnswer,
  type MessagesCall,
  type ProviderAdapter,
  type UpstreamRequest,
} from '../providers/provider.ts';
import type { AttemptFailure } from '../resilience/attempt-failure.ts';
import type { Permission } from '../resilience/circuit-breaker.ts';
import { firstByteDeadlineMs } from '../resilience/deadlines.ts';
import type { Candidate } from '../routing/candidates.ts';
import { DecodedBody } from '../upstreams/decoded-body.ts';
import { send, type UpstreamReply } from '../upstreams/send.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import { type HeldAnswer, type HoldResult, holdAnswer } from './hold-answer.ts';
import { noteReply } from './note-outcome.ts';

/** One upstream with one credential. */
export type Target = {
  readonly candidate: Candidate;
  readonly upstream: Upstream;
  readonly model: string;
  readonly credential: Credential;
  /** The pool's key behind `credential`, for kind `key`. */
  readonly key: PooledKey | undefined;
  /** True when nobody is left to try after it. */
  readonly isLast: boolean;
  /** The breaker's leave: a failed attempt reports at once, an answer when it is over. */
  readonly permission: Permission;
  /** The limits' leave: ended together with the attempt, or with its answer. */
  readonly permit: Permit;
};

/** A failed attempt: why, and what the upstream itself said. */
export type FailedAttempt = {
  readonly failure: AttemptFailure;
  readonly answer?: FailedAnswer;
  readonly target: Target;
  readonly durationMs: number;
};

/** The attempt gave an answer that may go to the client. */
export type Answered = { readonly kind: 'answered'; readonly answer: HeldAnswer; readonly target: Target };
/** The client left, or the exchange ran out of time. */
export type CalledOff = { readonly kind: 'called-off' };
/** How one attempt ended. */
export type AttemptResult =
  | Answered
  | CalledOff
  | { readonly kind: 'failed'; readonly failed: FailedAttempt };

/** Tries one target, up to the first real event of its answer. Reports itself exactly once. */
export const attempt = async (
  exchange: Exchange,
  call: MessagesCall,
  target: Target,
): Promise<AttemptResult> => {
  const startedAt = exchange.elapsedMs;
  const {
    result,
    status,
    isSent = true,
  } = await tryTarget(exchange, call, target).catch((error: unknown) => {
    target.permission.report('neutral');
    target.permit.end('unknown');
    throw error;
  });
  const outcome: HoldResult | undefined = exchange.calledOff === undefined ? result : undefined;
  const record: AttemptRecord = {
    ...describeTarget(target),
    ...(status === undefined ? {} : { status }),
    ...describeFailure(exchange, outcome),
    durationMs: exchange.elapsedMs - startedAt,
    mayBeBilled: isSent && isPossiblyBilled(exchange, outcome),
  };
  exchange.attempts.push(record);
  if (outcome?.kind === 'answered') return { kind: 'answered', answer: outcome.answer, target };
  target.permit.end(usedBy(record));
  if (outcome === undefined) {
    target.permission.report('neutral');
    return { kind: 'called-off' };
  }
  const { bus, clock } = exchange.parts;
  bus.emit({ kind: 'attempt-failed', exchangeId: exchange.id, at: clock.now(), attempt: record });
  const { kind: _kind, ...rest } = outcome;
  return { kind: 'failed', failed: { ...rest, target, durationMs: record.durationMs } };
};

/** What was billed without being counted stays reserved as estimated. */
const usedBy = ({ mayBeBilled }: AttemptRecord): Used => (mayBeBilled ? 'unknown' : 'nothing');

/** `isSent` false = no request ever left. */
type Tried = { readonly result: HoldResult; readonly status?: number; readonly isSent?: boolean };

const failed = (failure: AttemptFailure): Tried => ({ result: { kind: 'failed', failure } });

/** One try; a second one after a refusal that taught the dialect something, or with credentials fetched anew. */
const tryTarget = async (exchange: Exchange, call: MessagesCall, target: Target): Promise<Tried> => {
  const tried = await tryOnce(exchange, call, target);
  const { adapter } = target.upstream;
  const { result } = tried;
  if (result.kind !== 'failed' || exchange.calledOff !== undefined) return tried;
  if (result.hasLearnt) return tryOnce(exchange, call, target);
  if (result.failure.kind !== 'unauthorized' || adapter.renewCredentials === undefined) return tried;
  return (await adapter.renewCredentials()) ? tryOnce(exchange, call, target) : tried;
};

const tryOnce = async (exchange: Exchange, call: MessagesCall, target: Target): Promise<Tried> => {
  const { upstream } = target;
  const { timeouts, type } = upstream.config;
  const built = buildOrFail(call, target);
  // Awaited only where something must be fetched: most requests are built at once.
  const request = built instanceof Promise ? await built : built;
  if ('failure' in request) return { ...failed(request.failure), isSent: false };
  const sent = await send(upstream.dispatcher, request, {
    firstByteMs: firstByteDeadlineMs(timeouts.firstByteMs, type, target.isLast),
    idleMs: timeouts.idleMs,
    cancellation: exchange.cancellation,
    clock: exchange.parts.clock,
  });
  switch (sent.kind) {
    case 'replied':
      noteReply(exchange, target, sent.reply);
      return { result: await judgeReply(exchange, target, sent.reply), status: sent.reply.status };
    case 'timed-out':
      return failed({ kind: 'timeout', detail: sent.detail });
    case 'unreachable':
      return { ...failed({ kind: 'unreachable', detail: sent.detail }), isSent: sent.isSent };
    case 'cancelled':
      return failed({ kind: 'unreachable', detail: 'cancelled' });
  }
};

type NoCredential = { readonly failure: AttemptFailure };

/** Signing may need credentials that cannot be had: that is the upstream's failure, not a bug. */
const buildOrFail = (
  call: MessagesCall,
  target: Target,
): UpstreamRequest | NoCredential | Promise<UpstreamRequest | NoCredential> => {
  const built = buildRequest(call, target);
  if (!(built instanceof Promise)) return built;
  return built.catch((error: unknown) => {
    if (error instanceof CredentialError) return { failure: { kind: 'unreachable', detail: error.message } };
    throw error;
  });
};

const buildRequest = (call: MessagesCall, { upstream, model, credential, key }: Target) => {
  const { auth, headers } = upstream.config;
  const { origin, basePath, adapter } = upstream;
  const keyMaterial = key?.config.material;
  return adapter.buildRequest(call, { origin, basePath, auth, headers, model, credential, keyMaterial });
};

const judgeReply = (exchange: Exchange, target: Target, reply: UpstreamReply): Promise<HoldResult> => {
  const { clock, deadlines } = exchange.parts;
  const { adapter } = target.upstream;
  if (reply.status >= 200 && reply.status < 300)
    return holdAnswer(decoded(reply, adapter), { clock, holdMs: deadlines.holdMs, adapter });
  return readFailure(reply, target, clock.now());
};

const decoded = (reply: UpstreamReply, adapter: ProviderAdapter): UpstreamReply => {
  const decoder = adapter.decodeReply?.(reply);
  if (decoder === undefined) return reply;
  return { status: reply.status, headers: decoder.headers, body: new DecodedBody(reply.body, decoder) };
};

/** Error bodies are kept whole, because clients recover by their wording; larger ones are no error messages. */
const largestErrorBytes = 8_388_608;

const readFailure = async (
  reply: UpstreamReply,
  { upstream, model }: Target,
  nowMs: number,
): Promise<HoldResult> => {
  const { adapter } = upstream;
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const part = await reply.body.next();
    if (part.kind === 'end') break;
    if (part.kind === 'broken' || size > largestErrorBytes) {
      reply.body.abort();
      // Its status is known: that much can still be judged, though not passed on.
      const failure = adapter.classifyFailure({ ...reply, body: Buffer.alloc(0) }, nowMs);
      return { kind: 'failed', failure };
    }
    if (part.kind === 'chunk') {
      chunks.push(part.chunk);
      size += part.chunk.length;
    }
  }
  const answer: FailedAnswer = { status: reply.status, headers: reply.headers, body: Buffer.concat(chunks) };
  const failure = adapter.classifyFailure(answer, nowMs);
  const hasLearnt = adapter.learnFrom?.(answer, model) ?? false;
  return { kind: 'failed', failure, answer: adapter.translateFailure?.(answer) ?? answer, hasLearnt };
};

const describeTarget = ({ upstream, model, credential }: Target) => ({
  upstream: upstream.config.name,
  model,
  credential: describeCredential(credential),
});

const describeCredential = (credential: Credential): string => {
  switch (credential.kind) {
    case 'key':
      return `key ${credential.keyId}`;
    case 'pass-through':
      return `client ${credentialDigest(credential.headers).slice(0, 8)}`;
    case 'none':
      return 'none';
  }
};

const describeFailure = (
  exchange: Exchange,
  outcome: HoldResult | undefined,
): { readonly failure?: string } => {
  if (outcome === undefined) return { failure: exchange.calledOff ?? 'called-off' };
  if (outcome.kind === 'answered') return {};
  const { failure } = outcome;
  return { failure: 'detail' in failure ? `${failure.kind}: ${failure.detail}` : failure.kind };
};

/** The request may have been taken up, and its answer was lost. */
const billable: ReadonlySet<string> = new Set(['stream-broken', 'timeout', 'unreachable']);

/** The vendor bills what it has begun to answer, whether or not the answer arrives. */
const isPossiblyBilled = (exchange: Exchange, outcome: HoldResult | undefined): boolean => {
  if (outcome === undefined) return exchange.calledOff !== undefined;
  if (outcome.kind === 'answered') return false;
  return billable.has(outcome.failure.kind);
};
