import type { Credential, MessagesCall } from '../providers/provider.ts';
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
import { bestFailure, type FinalAnswer, finalAnswer, type Shortage } from './final-answer.ts';
import { nextTarget } from './next-target.ts';
import { noteFailure } from './note-outcome.ts';
import { Round } from './round.ts';

/** How all attempts together ended. */
export type Attempted = Answered | CalledOff | { readonly kind: 'final'; readonly final: FinalAnswer };

/** The candidates, best first, and the bounds of the loop. */
export type AttemptPlan = {
  readonly candidates: readonly Candidate[];
  /** Attempts in one round; every candidate gets at least one. */
  readonly maxAttempts: number;
  /** How long the client is kept waiting for better times, from the request's arrival on. */
  readonly patienceMs: number;
};

type RoundResult =
  | Answered
  | CalledOff
  | {
      readonly kind: 'exhausted';
      readonly failures: readonly FailedAttempt[];
      readonly shortage: Shortage | undefined;
    }
  | { readonly kind: 'given-up'; readonly failed: FailedAttempt };

/** The loop: attempt, judge, next or give up; round after round while waiting may help. Sequential, never raced. */
export const attemptUpstreams = async (
  exchange: Exchange,
  call: MessagesCall,
  plan: AttemptPlan,
): Promise<Attempted> => {
  const lastResorts = new Set<Credential>();
  let before: readonly FailedAttempt[] = [];
  for (let round = 0; ; round += 1) {
    const result = await tryRound(exchange, call, { ...plan, round, lastResorts });
    if (result.kind === 'given-up') return { kind: 'final', final: finalAnswer([result.failed]) };
    if (result.kind !== 'exhausted') return result;
    const { shortage } = result;
    // In a round in which nobody had room, what was said before still holds.
    const failures = result.failures.length > 0 ? result.failures : before;
    before = failures;
    const delayMs = roundDelayMs(exchange, failures, { ...plan, round });
    // With a 200 already out there is no second chance: the client holds half an answer.
    if (delayMs === undefined || exchange.reply.isCommitted)
      return { kind: 'final', final: finalAnswer(failures, shortage, plan.candidates) };
    if (!(await waitOut(exchange, delayMs))) return { kind: 'called-off' };
  }
};

type NumberedPlan = AttemptPlan & { readonly round: number };
type RoundPlan = NumberedPlan & { readonly lastResorts: Set<Credential> };

const roundDelayMs = (
  { elapsedMs }: Exchange,
  failures: readonly FailedAttempt[],
  { round, patienceMs }: NumberedPlan,
): number | undefined => {
  const best = bestFailure(failures);
  return best && nextRoundDelayMs({ failure: best.failure, round, elapsedMs, patienceMs });
};

/** Every candidate once, the failed ones behind us, until one answers or none is left. */
const tryRound = async (exchange: Exchange, call: MessagesCall, plan: RoundPlan): Promise<RoundResult> => {
  const { admission, cooldowns, clock } = exchange.parts;
  const bodyBytes = exchange.requestBytes;
  const round = new Round(plan.candidates, { ...plan, admission, cooldowns, clock, bodyBytes });
  const failures: FailedAttempt[] = [];
  for (;;) {
    const next = await nextTarget(exchange, round, roundDelayMs(exchange, failures, plan));
    if (next.kind === 'called-off') return next;
    if (next.kind === 'exhausted') return { kind: 'exhausted', failures, shortage: next.shortage };
    tellFailover(exchange, failures.at(-1), next.target);
    const result = await attemptPatiently(exchange, call, next.target);
    if (result.kind !== 'failed') return result;
    const { failed } = result;
    failures.push(failed);
    noteFailure(exchange, failed);
    const step = nextStep(failed.failure, failed.target.credential.kind);
    if (step === 'give-up') return { kind: 'given-up', failed };
    if (step === 'next-upstream') round.close(failed.target.candidate);
  }
};

const tellFailover = (exchange: Exchange, before: FailedAttempt | undefined, { upstream }: Target): void => {
  if (before === undefined || before.target.upstream === upstream) return;
  const { bus, clock } = exchange.parts;
  const [from, to] = [before.target.upstream.config.name, upstream.config.name];
  bus.emit({
    kind: 'failed-over',
    exchangeId: exchange.id,
    at: clock.now(),
    from,
    to,
    reason: before.failure.kind,
  });
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
