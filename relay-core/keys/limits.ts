import { type Charge, SlidingWindow, windowMs } from './sliding-window.ts';

/** Limits of one key per minute; 0 = unlimited. tpm = input and output together in one bucket. */
export type KeyLimitSettings = {
  readonly rpm: number;
  readonly tpm: number;
  readonly itpm: number;
  readonly otpm: number;
};

/** What one request is expected to take, or has taken. */
export type TokenEstimate = { readonly input: number; readonly output: number };

/** What a response's headers told: what remains, and when the bucket is full again (monotonic milliseconds). */
export type LearnedLimit = { readonly limit: number; readonly remaining: number; readonly resetAtMs: number };

/** Which of the provider's buckets was told about. */
export type LearnedKind = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

/**
 * Room taken for one request. It ends once, and what comes after is ignored: `settle` puts what was really used in
 * its place, `release` says that no token was used (the request itself still counts).
 */
export type Reservation = {
  settle(used: TokenEstimate, nowMs: number): void;
  release(nowMs: number): void;
};

type Fact = LearnedLimit & { readonly atMs: number };
type TokenWindow = { readonly kind: LearnedKind; readonly window: SlidingWindow };
type TokenCharge = TokenWindow & { readonly charge: Charge };

const nothing: TokenEstimate = { input: 0, output: 0 };
const tokenStepMs = 250;
const largestAmount = 2 ** 50;
const outputsKept = 20;
const outputBeforeAny = 1000;

const whole = (amount: number) => (amount > 0 ? Math.min(Math.ceil(amount), largestAmount) : 0);

const needs: Readonly<Record<LearnedKind, (estimate: TokenEstimate) => number>> = {
  requests: () => 1,
  tokens: ({ input, output }) => whole(input) + whole(output),
  'input-tokens': ({ input }) => whole(input),
  'output-tokens': ({ output }) => whole(output),
};

/** The input tokens to expect of a request body of this many bytes. */
export const inputEstimate = (bodyBytes: number): number => Math.ceil(bodyBytes / 4);

const windowOf = (limit: number, stepMs: number): SlidingWindow | undefined =>
  limit > 0 && limit < Number.POSITIVE_INFINITY
    ? new SlidingWindow(Math.max(1, Math.min(Math.floor(limit), largestAmount)), stepMs)
    : undefined;

const tokenWindows = (settings: KeyLimitSettings): readonly TokenWindow[] => {
  const limits: readonly (readonly [LearnedKind, number])[] = [
    ['tokens', settings.tpm],
    ['input-tokens', settings.itpm],
    ['output-tokens', settings.otpm],
  ];
  return limits.flatMap(([kind, limit]) => {
    const window = windowOf(limit, tokenStepMs);
    return window ? [{ kind, window }] : [];
  });
};

const learnedWaitMs = (fact: Fact, need: number, nowMs: number): number => {
  if (fact.remaining > 0 || !(nowMs < fact.resetAtMs)) return 0;
  const refillMs = (fact.resetAtMs - fact.atMs) * Math.min(1, need / fact.limit);
  // A clock that went back must not lengthen the wait.
  return Math.max(0, Math.ceil(fact.atMs + refillMs) - Math.floor(Math.max(nowMs, fact.atMs)));
};

const learnedFreeShare = (fact: Fact, nowMs: number): number => {
  if (!(nowMs < fact.resetAtMs)) return 1;
  const told = Math.min(1, Math.max(0, fact.remaining / fact.limit));
  const refilled = Math.max(0, (nowMs - fact.atMs) / (fact.resetAtMs - fact.atMs));
  return told + (1 - told) * refilled;
};

class RecentOutputs {
  readonly #outputs: number[] = [];
  #next = 0;

  add(output: number): void {
    this.#outputs[this.#next] = output > 0 ? Math.min(output, largestAmount) : 0;
    this.#next = (this.#next + 1) % outputsKept;
  }

  mean(): number {
    if (this.#outputs.length === 0) return outputBeforeAny;
    return this.#outputs.reduce((sum, output) => sum + output, 0) / this.#outputs.length;
  }
}

class TokenReservation implements Reservation {
  readonly #outputs: RecentOutputs;
  #charges: readonly TokenCharge[] | undefined;

  constructor(charges: readonly TokenCharge[], outputs: RecentOutputs) {
    this.#charges = charges;
    this.#outputs = outputs;
  }

  settle(used: TokenEstimate, nowMs: number): void {
    if (!this.#charges) return;
    this.#outputs.add(used.output);
    this.#end(used, nowMs);
  }

  release(nowMs: number): void {
    this.#end(nothing, nowMs);
  }

  #end(used: TokenEstimate, nowMs: number): void {
    for (const { kind, window, charge } of this.#charges ?? [])
      window.replace(charge, needs[kind](used), nowMs);
    this.#charges = undefined;
  }
}

/** Keeps one key within its limits. All times are monotonic milliseconds; waits are whole milliseconds. */
export class KeyLimits {
  readonly #settings: KeyLimitSettings;
  readonly #outputs = new RecentOutputs();
  // Without token windows nothing is to be given back: one reservation serves every request.
  readonly #untracked: Reservation = {
    settle: (used) => this.#outputs.add(used.output),
    release: () => {},
  };
  #requests: SlidingWindow | undefined;
  #tokens: readonly TokenWindow[];
  #learned = new Map<LearnedKind, Fact>();

  constructor(settings: KeyLimitSettings) {
    this.#settings = settings;
    this.#requests = windowOf(settings.rpm, 1);
    this.#tokens = tokenWindows(settings);
  }

  /** Milliseconds until a request of this size may go; 0 = now. Changes nothing. */
  waitMs(estimate: TokenEstimate, nowMs: number): number {
    let waitMs = this.#requests?.waitMs(1, nowMs) ?? 0;
    for (const { kind, window } of this.#tokens)
      waitMs = Math.max(waitMs, window.waitMs(needs[kind](estimate), nowMs));
    if (this.#learned.size === 0) return waitMs;
    for (const [kind, fact] of this.#learned)
      waitMs = Math.max(waitMs, learnedWaitMs(fact, needs[kind](estimate), nowMs));
    return waitMs;
  }

  /** Takes the room of one request. Forced while `waitMs` is over 0, it leaves a debt. */
  reserve(estimate: TokenEstimate, nowMs: number): Reservation {
    this.#requests?.take(1, nowMs);
    if (this.#tokens.length === 0) return this.#untracked;
    const charges = this.#tokens.map(({ kind, window }) => ({
      kind,
      window,
      charge: window.take(needs[kind](estimate), nowMs),
    }));
    return new TokenReservation(charges, this.#outputs);
  }

  /** Remembers what an answer's headers said, for 60 s at most; a limit of 0 or NaN says nothing. */
  learn(kind: LearnedKind, learned: LearnedLimit, nowMs: number): void {
    const { limit, remaining, resetAtMs } = learned;
    if (!(limit > 0 && limit < Number.POSITIVE_INFINITY)) return;
    if (Number.isNaN(remaining) || Number.isNaN(resetAtMs) || !Number.isFinite(nowMs)) return;
    const endsAtMs = Math.min(resetAtMs, nowMs + windowMs);
    this.#learned.set(kind, { limit, remaining, resetAtMs: endsAtMs, atMs: nowMs });
  }

  /** The share of the tightest limit that is free, 0..1; 1 when nothing is limited or known. */
  freeShare(nowMs: number): number {
    let share = this.#requests?.freeShare(nowMs) ?? 1;
    for (const { window } of this.#tokens) share = Math.min(share, window.freeShare(nowMs));
    if (this.#learned.size === 0) return share;
    for (const fact of this.#learned.values()) share = Math.min(share, learnedFreeShare(fact, nowMs));
    return share;
  }

  /** The wait of the last of these requests, each going as early as the ones before it allow. Changes nothing. */
  waitMsAfter(estimates: readonly TokenEstimate[], nowMs: number): number {
    const copy = this.copy();
    let waitMs = 0;
    for (const estimate of estimates) {
      waitMs += copy.waitMs(estimate, nowMs + waitMs);
      copy.reserve(estimate, nowMs + waitMs);
    }
    return waitMs;
  }

  /** The mean output of the last 20 settled requests; 1000 before any. */
  expectedOutput(): number {
    return this.#outputs.mean();
  }

  /** Limits of their own with the same past: to try out what would be. */
  copy(): KeyLimits {
    const copy = new KeyLimits(this.#settings);
    copy.#requests = this.#requests?.copy();
    copy.#tokens = this.#tokens.map(({ kind, window }) => ({ kind, window: window.copy() }));
    copy.#learned = this.#learned;
    return copy;
  }
}
