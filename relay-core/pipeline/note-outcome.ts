import { readLearnedLimits, waitUntilReset } from '../keys/learned-limits.ts';
import type { CooldownReason, PooledKey } from '../keys/pooled-key.ts';
import { findHeader } from '../messages/header-list.ts';
import { type AttemptFailure, requestedWaitMs } from '../resilience/attempt-failure.ts';
import { breakerReport } from '../resilience/breaker-report.ts';
import type { BreakerReport } from '../resilience/circuit-breaker.ts';
import type { UpstreamReply } from '../upstreams/send.ts';
import type { FailedAttempt, Target } from './attempt.ts';
import type { Exchange } from './exchange.ts';
import type { HeldAnswer } from './hold-answer.ts';

/** Without a time from the vendor: how long an exhausted quota keeps its key as a last resort only. */
const quotaCooldownMs = 3_600_000;
/** behaviour.md 3: a key that is refused a model is left alone with it for so long. */
const forbiddenCooldownMs = 600_000;
const ownCredentialCooldownMs = 60_000;

/** An upstream's headers have come: the network is there, and they tell what its key has left. */
export const noteReply = (exchange: Exchange, { key }: Target, { headers }: UpstreamReply): void => {
  const { network, clock } = exchange.parts;
  network.noteAnswer();
  if (key === undefined) return;
  const nowMs = clock.monotonic();
  for (const [kind, learned] of readLearnedLimits(headers, clock)) key.limits.learn(kind, learned, nowMs);
};

/** Draws the consequences of a failed attempt: for the breaker, for the key, for the client's own credential. */
export const noteFailure = (exchange: Exchange, failed: FailedAttempt): void => {
  const { clock } = exchange.parts;
  const startedAtMs = clock.monotonic() - failed.durationMs;
  if (failed.target.credential.kind === 'pass-through') noteOwnCredential(exchange, failed);
  if (failed.target.key !== undefined) noteKey(exchange, failed, { key: failed.target.key, startedAtMs });
  reportToBreaker(exchange, failed, startedAtMs);
};

/** An answer has ended: its permit is settled, its breaker and its session's affinity hear of it. */
export const noteAnswered = (exchange: Exchange, target: Target, { watch }: HeldAnswer): void => {
  const isWhole = exchange.outcome === 'completed';
  target.permit.end((isWhole ? exchange.usage : undefined) ?? 'unknown');
  if (isWhole) target.key?.succeed();
  if (isWhole && target.upstream.adapter.contextCheck)
    exchange.parts.checkContext(target.upstream, target.model);
  const report = answerReport(exchange, target, watch?.error === undefined);
  target.permission.report(report);
  const { affinity } = exchange.parts;
  const { session, model } = exchange;
  if (affinity === undefined || session === undefined || model === undefined) return;
  const place = placeOf(target);
  if (isWhole) affinity.completed(session, model, place);
  // Streams of one session that were cut together are one break.
  else if (report === 'failure') affinity.broke(session, model, place);
};

/** The session's answer begins to flow from this target. */
export const noteServed = (exchange: Exchange, target: Target): void => {
  const { affinity } = exchange.parts;
  const { session, model } = exchange;
  if (affinity !== undefined && session !== undefined && model !== undefined)
    affinity.served(session, model, placeOf(target));
};

const placeOf = ({ upstream, key }: Target) => ({ upstream: upstream.config.name, keyId: key?.config.keyId });

/** An answer that broke after it had begun is the upstream's fault like one that never began. */
const answerReport = (exchange: Exchange, { upstream }: Target, isCut: boolean): BreakerReport => {
  switch (exchange.outcome) {
    case 'completed':
      return 'success';
    case 'broken':
      return isCut
        ? exchange.parts.network.judgeCut(upstream.config.name, exchange.startedAtMonotonic)
        : 'failure';
    default:
      return 'neutral';
  }
};

const reportToBreaker = (
  exchange: Exchange,
  { failure, target }: FailedAttempt,
  startedAtMs: number,
): void => {
  const { network, clock } = exchange.parts;
  const { permission, upstream, key, credential } = target;
  if (failure.kind === 'unreachable') {
    network.reportUnreachable(upstream.config.name, permission, startedAtMs);
    return;
  }
  const isNetworkFault = isConnectionFault(failure) && network.isDisturbed(startedAtMs);
  // A client's own rate limit says nothing about the upstream; a key's only when no sibling is left.
  const isLastKey =
    credential.kind !== 'pass-through' &&
    !(key && upstream.keys.hasSibling(key.config.keyId, clock.monotonic()));
  permission.report(isNetworkFault ? 'neutral' : breakerReport(failure, isLastKey));
};

const isConnectionFault = ({ kind }: AttemptFailure): boolean =>
  kind === 'timeout' || kind === 'stream-broken';

const noteOwnCredential = (exchange: Exchange, { failure, target, answer }: FailedAttempt): void => {
  if (failure.kind !== 'rate-limited' || target.credential.kind !== 'pass-through') return;
  const { cooldowns, clock } = exchange.parts;
  // Subscription windows name their reset in Unix seconds (protocol.md 4).
  const resetAt = Number(findHeader(answer?.headers ?? [], 'anthropic-ratelimit-unified-reset')) * 1000;
  const untilResetMs = resetAt > clock.now() ? resetAt - clock.now() : ownCredentialCooldownMs;
  cooldowns.coolDown(target.credential.headers, failure.retryAfterMs ?? untilResetMs);
};

type KeyUse = { readonly key: PooledKey; readonly startedAtMs: number };

const noteKey = (exchange: Exchange, failed: FailedAttempt, { key, startedAtMs }: KeyUse): void => {
  const { failure, target } = failed;
  const nowMs = exchange.parts.clock.monotonic();
  switch (failure.kind) {
    case 'rate-limited': {
      const requestedMs = requestedWaitMs(failure) ?? resetWaitMs(exchange, failed, nowMs);
      tellCooldown(exchange, target, {
        reason: failure.kind,
        ms: key.limitRate(requestedMs, startedAtMs, nowMs),
      });
      return;
    }
    case 'quota-exhausted': {
      const durationMs = failure.retryAfterMs ?? quotaCooldownMs;
      tellCooldown(exchange, target, {
        reason: failure.kind,
        ms: key.coolDown(durationMs, failure.kind, nowMs),
      });
      return;
    }
    case 'forbidden':
      key.coolDownModel(target.model, forbiddenCooldownMs, nowMs);
      tellCooldown(exchange, target, { reason: failure.kind, ms: forbiddenCooldownMs });
      return;
    case 'unauthorized':
      exchange.parts.checkKey(target.upstream, key);
      return;
    case 'unreachable':
    case 'timeout':
    case 'overloaded':
    case 'server-error':
    case 'model-not-found':
    case 'invalid-request':
    case 'refused':
    case 'stream-broken':
      return;
  }
};

const resetWaitMs = (exchange: Exchange, { answer }: FailedAttempt, nowMs: number): number | undefined =>
  waitUntilReset(readLearnedLimits(answer?.headers ?? [], exchange.parts.clock), nowMs);

const tellCooldown = (
  exchange: Exchange,
  { upstream, key, model }: Target,
  cooldown: { readonly reason: CooldownReason; readonly ms: number },
): void => {
  const { bus, clock } = exchange.parts;
  if (key === undefined || cooldown.ms <= 0) return;
  bus.emit({
    kind: 'key-cooled-down',
    at: clock.now(),
    upstream: upstream.config.name,
    keyId: key.config.keyId,
    reason: cooldown.reason,
    untilAt: clock.now() + cooldown.ms,
    ...(cooldown.reason === 'forbidden' ? { model } : {}),
  });
};
