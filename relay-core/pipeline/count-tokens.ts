import type { IncomingMessage, ServerResponse } from 'node:http';
import { RelayError } from '../errors.ts';
import { estimateInputTokens } from '../messages/count-tokens.ts';
import type { HeaderList } from '../messages/header-list.ts';
import { sessionInBody } from '../messages/session-in-body.ts';
import { type Credential, CredentialError, type MessagesCall } from '../providers/provider.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import { type Candidate, findCandidates } from '../routing/candidates.ts';
import { ClientLeft } from '../server/read-body.ts';
import { readSmallText } from '../upstreams/read-small-text.ts';
import { send } from '../upstreams/send.ts';
import { acceptCall } from './accept-call.ts';
import { passedOnHeaders } from './client-headers.ts';
import { newRequestId } from './exchange.ts';
import type { HandlerParts } from './handle-exchange.ts';
import { noCandidate } from './select-route.ts';
import type { CountAnswer, TokenCounts } from './token-counts.ts';

/** Longest wait for an upstream's count: an estimate now is worth more than a number later. */
const countWaitMs = 5_000;
/** Tells that the number is the relay's own estimate. */
const estimateHeader = 'x-cc-relay-estimated';

/**
 * `POST /v1/messages/count_tokens` (behaviour.md 9): one attempt where the session is at home, else the relay's
 * own estimate. It reserves nothing, and whatever comes of it says nothing about anybody's health.
 */
export const handleCountTokens = async (
  handler: HandlerParts & { readonly counts: TokenCounts },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { config, parts } = handler;
  const client = handler.authenticate(request.headers);
  let call: MessagesCall;
  try {
    const { bodyIdleMs } = parts.deadlines;
    call = await acceptCall(request, {
      maxBytes: config.server.maxBodyBytes,
      idleMs: bodyIdleMs,
      clock: parts.clock,
    });
  } catch (error) {
    if (error instanceof ClientLeft) return;
    throw error;
  }
  await handler.registry.learnModels(parts.clock);
  const query = {
    ...{ client, call, upstreams: handler.registry.inService },
    outOfService: handler.registry.outOfService,
    subscriptionFailover: config.routing.subscriptionFailover,
    nowMs: parts.clock.monotonic(),
  };
  const { candidates, skipped } = findCandidates(query);
  const header = request.headers['x-claude-code-session-id'];
  const session = typeof header === 'string' ? header : undefined;
  const candidate = atHome(handler, candidates, { session, call });
  // What no provider would serve can still be counted.
  if (candidate === undefined && skipped.length === 0) throw noCandidate(query, skipped);
  const answer = await countFor(handler, call, candidate);
  if (response.destroyed) return;
  response.writeHead(answer.status, [
    ...answer.headers,
    ...['content-length', String(answer.body.length), 'x-request-id', newRequestId(parts.random)],
  ]);
  response.end(answer.body);
};

type Asking = { readonly session: string | undefined; readonly call: MessagesCall };

/** The upstream that the session is on, else the one of highest priority among those that are well. */
const atHome = (
  { parts }: HandlerParts,
  candidates: readonly Candidate[],
  { session, call }: Asking,
): Candidate | undefined => {
  const known = parts.affinity && (session ?? sessionInBody(call.body));
  const place = known === undefined ? undefined : parts.affinity?.placeOf(known, call.field.model);
  const ranked = candidates
    .filter(({ upstream }) => upstream.breaker.wouldPermit())
    .toSorted((left, right) => right.upstream.config.priority - left.upstream.config.priority);
  return (
    ranked.find(({ upstream }) => upstream.config.name === place?.upstream) ?? ranked[0] ?? candidates[0]
  );
};

const countFor = (
  { counts, parts }: HandlerParts & { readonly counts: TokenCounts },
  call: MessagesCall,
  candidate: Candidate | undefined,
): Promise<CountAnswer> => {
  if (candidate === undefined || candidate.upstream.adapter.countsTokens === false)
    return Promise.resolve(estimate(call));
  const nowMs = parts.clock.monotonic();
  const credential = candidate.credentials.find((each) => isUsable(candidate, each, nowMs));
  if (credential === undefined) return Promise.resolve(estimate(call));
  const who = credential.kind === 'pass-through' ? credential.headers.join('\n') : credential.kind;
  const { name } = candidate.upstream.config;
  const betas = call.headers.join('\n');
  return counts.get([name, who, betas, call.path, call.body], () =>
    ask({ handler: parts, call, candidate, credential }),
  );
};

const isUsable = ({ upstream }: Candidate, credential: Credential, nowMs: number): boolean =>
  credential.kind !== 'key' || upstream.keys.find(credential.keyId)?.isAvailable(nowMs) === true;

type Question = {
  readonly handler: HandlerParts['parts'];
  readonly call: MessagesCall;
  readonly candidate: Candidate;
  readonly credential: Credential;
};

const ask = async ({ handler, call, candidate, credential }: Question): Promise<CountAnswer> => {
  const { upstream, model } = candidate;
  const { origin, basePath, adapter, config, dispatcher } = upstream;
  const { auth, headers } = config;
  const keyMaterial =
    credential.kind === 'key' ? upstream.keys.find(credential.keyId)?.config.material : undefined;
  const destination = { origin, basePath, auth, headers, model, credential, keyMaterial };
  const cancellation = new Cancellation();
  const { clock } = handler;
  const deadline = clock.startTimer(countWaitMs, () => cancellation.cancel());
  const limits = { firstByteMs: countWaitMs, idleMs: countWaitMs, cancellation, clock };
  const { buildRequest } = adapter.countTokens ?? adapter;
  const request = await Promise.resolve(buildRequest(call, destination)).catch(withoutCredential);
  if (request === undefined) return estimate(call);
  const sent = await send(dispatcher, request, limits);
  const text = sent.kind === 'replied' ? await readSmallText(sent.reply) : undefined;
  deadline.cancel();
  if (sent.kind !== 'replied' || text === undefined) return estimate(call);
  const body = Buffer.from(text);
  const { status } = sent.reply;
  if (!isFinal(status, credential)) return estimate(call);
  // A cloud's 400 is about the operation, which many models do not have, not about the client's request.
  if (adapter.countTokens) {
    const tokens = status === 200 ? adapter.countTokens.read(body) : undefined;
    return tokens === undefined ? estimate(call) : countAnswer(tokens);
  }
  const isOwn = credential.kind === 'pass-through';
  const said = { status, headers: passedOnHeaders(sent.reply.headers, isOwn), body };
  return status === 200 ? said : (adapter.translateFailure?.(said) ?? said);
};

const withoutCredential = (error: unknown): undefined => {
  if (!(error instanceof CredentialError)) throw error;
};

/** Counts, and what only the client can mend: its own request, its own login. */
const isFinal = (status: number, credential: Credential): boolean => {
  if (status === 200 || status === 400 || status === 413 || status === 422) return true;
  return credential.kind === 'pass-through' && (status === 401 || status === 403);
};

const estimate = (call: MessagesCall): CountAnswer => {
  const counted = estimateInputTokens(call.parsed());
  if (!counted.ok) throw new RelayError('body-malformed', counted.reason);
  return countAnswer(counted.tokens, [estimateHeader, 'true']);
};

const countAnswer = (tokens: number, more: HeaderList = []): CountAnswer => ({
  status: 200,
  headers: ['content-type', 'application/json', ...more],
  body: Buffer.from(JSON.stringify({ input_tokens: tokens })),
});
