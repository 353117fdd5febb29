import type { Blocked, Resource, Taken, Try } from '../keys/queue.ts';
import type { CalledOff, Target } from './attempt.ts';
import type { Exchange } from './exchange.ts';
import type { Shortage } from './final-answer.ts';
import type { Level, Picked, Round } from './round.ts';

/** Whom to try next, or that nobody is left in this round, and whether it was for want of room. */
export type NextTarget =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'exhausted'; readonly shortage: Shortage | undefined }
  | CalledOff;

type Admitted =
  | { readonly kind: 'target'; readonly target: Target }
  /** `isStale` = things changed while it waited: those it did not look at may be fit now. */
  | { readonly kind: 'nobody'; readonly shortage: Shortage | undefined; readonly isStale: boolean }
  | CalledOff;

/**
 * The next target with room, waited for in the fair queue where that is worth it: not longer than
 * `queue_timeout_ms`, and not longer than until the next round of those who have failed (`roundDelayMs`).
 */
export const nextTarget = async (
  exchange: Exchange,
  round: Round,
  roundDelayMs: number | undefined,
): Promise<NextTarget> => {
  const healthy = await admit(exchange, round, { level: 'healthy', roundDelayMs });
  if (healthy.kind !== 'nobody') return healthy;
  const resting = await admit(exchange, round, { level: 'resting', roundDelayMs });
  if (resting.kind !== 'nobody') return resting;
  if (healthy.isStale || resting.isStale) return nextTarget(exchange, round, roundDelayMs);
  const shortage = shorter(healthy.shortage, resting.shortage);
  // Asked although it rests: free of charge, and the user hears the vendor's own words, or has mended the matter.
  const last = round.pick('last-resort');
  if (last.kind === 'taken' && last.value) return { kind: 'target', target: last.value };
  return { kind: 'exhausted', shortage };
};

type Wish = { readonly level: Level; readonly roundDelayMs: number | undefined };

const admit = (exchange: Exchange, round: Round, wish: Wish): Promise<Admitted> | Admitted => {
  const { queue } = exchange.parts.admission;
  const tryTake: Try<Picked> = (mayTake: (resource: Resource) => boolean) => round.pick(wish.level, mayTake);
  const now = queue.tryNow(tryTake);
  return now.kind === 'taken' ? admitted(now, false) : waitForRoom(exchange, { wish, tryTake, blocked: now });
};

const admitted = ({ value }: Taken<Picked>, hasWaited: boolean): Admitted =>
  value === undefined
    ? { kind: 'nobody', shortage: undefined, isStale: hasWaited }
    : { kind: 'target', target: value };

type Waiting = {
  readonly wish: Wish;
  readonly tryTake: Try<Picked>;
  readonly blocked: Blocked;
};

const waitForRoom = async (exchange: Exchange, { wish, tryTake, blocked }: Waiting): Promise<Admitted> => {
  const { admission, bus, clock } = exchange.parts;
  const { queueTimeoutMs, queue } = admission;
  const group = exchange.session;
  const waitMs = admission.knownWaitMs(blocked, group, exchange.requestBytes);
  const shortage: Shortage = waitMs === undefined ? { kind: 'busy' } : { kind: 'limited', waitMs };
  const isRoundSooner = wish.roundDelayMs !== undefined && wish.roundDelayMs <= (waitMs ?? queueTimeoutMs);
  if ((waitMs ?? 0) > queueTimeoutMs || queueTimeoutMs === 0 || isRoundSooner)
    return { kind: 'nobody', shortage, isStale: false };
  admission.remember(tryTake, blocked, exchange.requestBytes);
  const { id: exchangeId, elapsedMs, cancellation } = exchange;
  bus.emit({ kind: 'exchange-queued', exchangeId, at: clock.now(), waitMs, ahead: queue.length });
  const turn = await queue.wait({ group, tryTake, timeoutMs: queueTimeoutMs, cancellation });
  const waitedMs = exchange.elapsedMs - elapsedMs;
  bus.emit({ kind: 'exchange-dequeued', exchangeId, at: clock.now(), waitedMs, outcome: turn.kind });
  if (turn.kind === 'cancelled') return { kind: 'called-off' };
  return turn.kind === 'timed-out' ? { kind: 'nobody', shortage, isStale: false } : admitted(turn, true);
};

const shorter = (left: Shortage | undefined, right: Shortage | undefined): Shortage | undefined => {
  if (left?.kind !== 'limited' || right?.kind !== 'limited') return left ?? right;
  return left.waitMs <= right.waitMs ? left : right;
};
