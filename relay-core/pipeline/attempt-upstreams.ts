import type { MessagesCall } from '../providers/provider.ts';
import { earlyCommitAfterMs } from '../resilience/deadlines.ts';
import { nextStep } from '../resilience/next-step.ts';
import { nextRoundDelayMs } from '../resilience/rounds.ts';
import type { Candidate } from '../routing/candidates.ts';
import {
  type Answered,
  type AttemptResult,
  attempt,
  type CalledOff,
  type FailedAttempt,
  type Target,
} from './attempt.ts';
import { armEarlyCommit } from './early-commit.ts';
import type { Exchange } from './exchange.ts';
import { bestFailure, type FinalAnswer, finalAnswer } from './final-answer.ts';

/** How all attempts together ended. */
export type Attempted = Answered | CalledOff | { readonly kind: 'final'; readonly final: FinalAnswer };

/** Bounds of the loop. */
export type AttemptLimits = {
  /** Attempts in one round; every candidate gets at least one. */
  readonly maxAttempts: number;
  /** How long the client is kept waiting for better times, from the request's arrival on. */
  readonly patienceMs: number;
};

type Round =
  | Answered
  | CalledOff
  | { readonly kind: 'exhausted'; readonly failures: readonly FailedAttempt[] }
  | { readonly kind: 'given-up'; readonly failed: FailedAttempt };

/** The loop: attempt, judge, next or give up; round after round while waiting may help. Sequential, never raced. */
export const attemptUpstreams = async (
  exchange: Exchange,
  call: MessagesCall,
  plan: AttemptLimits & { readonly candidates: readonly Candidate[] },
): Promise<Attempted> => {
  const { patienceMs } = plan;
  for (let round = 0; ; round += 1) {
    const result = await tryRound(exchange, call, plan);
    if (result.kind === 'given-up') return { kind: 'final', final: finalAnswer([result.failed]) };
    if (result.kind !== 'exhausted') return result;
    const best = bestFailure(result.failures);
    const { elapsedMs } = exchange;
    const delayMs = best && nextRoundDelayMs({ failure: best.failure, round, elapsedMs, patienceMs });
    // With a 200 already out there is no second chance: the client holds half an answer.
    if (delayMs === undefined || exchange.reply.isCommitted)
      return { kind: 'final', final: finalAnswer(result.failures) };
    if (!(await waitOut(exchange, delayMs))) return { kind: 'called-off' };
  }
};

const tryRound = async (
  exchange: Exchange,
  call: MessagesCall,
  { candidates, maxAttempts }: AttemptLimits & { readonly candidates: readonly Candidate[] },
): Promise<Round> => {
  const failures: FailedAttempt[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const reserved = candidates.length - index - 1;
    for (const target of targetsOf(candidate, reserved === 0)) {
      const result = await attemptPatiently(exchange, call, target);
      if (result.kind !== 'failed') return result;
      failures.push(result.failed);
      const step = nextStep(result.failed.failure, target.credential.kind);
      if (step === 'give-up') return { kind: 'given-up', failed: result.failed };
      if (step === 'next-upstream' || failures.length + reserved >= maxAttempts) break;
    }
  }
  return { kind: 'exhausted', failures };
};

const targetsOf = (candidate: Candidate, isLastCandidate: boolean): readonly Target[] =>
  candidate.credentials.map((credential, index) => ({
    upstream: candidate.upstream,
    model: candidate.model,
    credential,
    isLast: isLastCandidate && index === candidate.credentials.length - 1,
  }));

/** Once nobody is left to try, a waiting streaming client is put at ease (behaviour.md 1, "Early commit"). */
const attemptPatiently = async (
  exchange: Exchange,
  call: MessagesCall,
  target: Target,
): Promise<AttemptResult> => {
  if (!target.isLast) return attempt(exchange, call, target);
  const afterMs = earlyCommitAfterMs(exchange.parts.deadlines, target.upstream.config.type);
  const disarm = armEarlyCommit(exchange, call, afterMs);
  try {
    return await attempt(exchange, call, target);
  } finally {
    disarm();
  }
};

/** Resolves with false when the exchange was called off meanwhile. */
const waitOut = (exchange: Exchange, delayMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const { signal, parts } = exchange;
    const finish = () => {
      timer.cancel();
      signal.removeEventListener('abort', finish);
      resolve(!signal.aborted);
    };
    const timer = parts.clock.startTimer(delayMs, finish);
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish, { once: true });
  });
