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

type RoundPlan = AttemptLimits & { readonly candidates: readonly Candidate[] };

/**
 * Every candidate once: first those whose breaker gives leave, then, because an open breaker must never be the
 * only obstacle, the others, the one that has been left alone longest first.
 */
const tryRound = async (exchange: Exchange, call: MessagesCall, plan: RoundPlan): Promise<Round> => {
  const failures: FailedAttempt[] = [];
  const ordered = orderByBreaker(plan.candidates);
  for (const [index, candidate] of ordered.entries()) {
    const left = ordered.length - index - 1;
    const budget = Math.max(1, plan.maxAttempts - failures.length - left);
    const result = await tryCandidate(exchange, call, { candidate, budget, isLast: left === 0 });
    if (result.kind !== 'exhausted') return result;
    failures.push(...result.failures);
  }
  return { kind: 'exhausted', failures };
};

const openedAt = ({ upstream }: Candidate): number => {
  const { state } = upstream.breaker;
  return state.kind === 'open' ? state.openedAt : 0;
};

const isResting = ({ upstream }: Candidate): boolean => !upstream.breaker.wouldPermit();

const orderByBreaker = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const resting = candidates.filter(isResting);
  if (resting.length === 0) return candidates;
  const ready = candidates.filter((candidate) => !resting.includes(candidate));
  return [...ready, ...resting.toSorted((left, right) => openedAt(left) - openedAt(right))];
};

type CandidateTurn = {
  readonly candidate: Candidate;
  /** Attempts that this candidate may use up. */
  readonly budget: number;
  /** True when no candidate follows. */
  readonly isLast: boolean;
};

const tryCandidate = async (exchange: Exchange, call: MessagesCall, turn: CandidateTurn): Promise<Round> => {
  const { upstream, model, credentials } = turn.candidate;
  const failures: FailedAttempt[] = [];
  const tried = credentials.slice(0, turn.budget);
  for (const [index, credential] of tried.entries()) {
    const permission = upstream.breaker.tryAcquire() ?? upstream.breaker.acquireAnyway();
    if (permission === undefined) break;
    const isLastCredential = index === tried.length - 1;
    const isLast = turn.isLast && isLastCredential;
    const target = { upstream, model, credential, isLast, isLastCredential, permission };
    const result = await attemptPatiently(exchange, call, target);
    if (result.kind !== 'failed') return result;
    failures.push(result.failed);
    const step = nextStep(result.failed.failure, credential.kind);
    if (step === 'give-up') return { kind: 'given-up', failed: result.failed };
    if (step === 'next-upstream') break;
  }
  return { kind: 'exhausted', failures };
};

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
    const { cancellation, parts } = exchange;
    const finish = () => {
      timer.cancel();
      cancellation.remove(finish);
      resolve(!cancellation.isCancelled);
    };
    const timer = parts.clock.startTimer(delayMs, finish);
    if (cancellation.isCancelled) finish();
    else cancellation.add(finish);
  });
