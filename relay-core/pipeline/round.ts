import type { Admission, Leave, Wanted } from '../keys/admission.ts';
import type { CredentialCooldowns } from '../keys/credential-cooldowns.ts';
import type { Blocked, Resource, Taken } from '../keys/queue.ts';
import type { Clock } from '../ports.ts';
import type { Credential } from '../providers/provider.ts';
import type { Candidate } from '../routing/candidates.ts';
import type { Target } from './attempt.ts';

/**
 * Whom to look among: those whose breaker gives leave; those whose breaker is open, because an open breaker must
 * never be the only obstacle; then, of candidates not tried in this round, credentials that rest for what the user
 * may have mended meanwhile, each once in all rounds.
 */
export type Level = 'healthy' | 'resting' | 'last-resort';

/** A target that may be tried now, or undefined when there is none left on this level. */
export type Picked = Target | undefined;

/** What picking depends on. */
export type RoundParts = {
  readonly admission: Admission;
  readonly cooldowns: CredentialCooldowns;
  readonly clock: Clock;
  readonly bodyBytes: number;
  readonly maxAttempts: number;
  /** What was asked as a last resort in this exchange's rounds: once is enough. */
  readonly lastResorts: Set<Credential>;
};

/** One candidate's part in a round. */
type Lane = { readonly candidate: Candidate; readonly tried: Set<Credential>; isClosed: boolean };

type Place = { readonly lane: Lane; readonly credential: Credential };

const anyMayTake = () => true;

/** All candidates tried once: remembers who was tried and picks who comes next. No target comes twice. */
export class Round {
  readonly #lanes: readonly Lane[];
  readonly #parts: RoundParts;
  #attempts = 0;

  constructor(candidates: readonly Candidate[], parts: RoundParts) {
    this.#parts = parts;
    this.#lanes = candidates.map((candidate) => ({ candidate, tried: new Set(), isClosed: false }));
  }

  /** Nothing more of this candidate in this round. */
  close(candidate: Candidate): void {
    for (const lane of this.#lanes) if (lane.candidate === candidate) lane.isClosed = true;
  }

  /** Takes the best target that has room now, with its permit; says what it waits for when all are short. */
  pick(level: Level, mayTake: (resource: Resource) => boolean = anyMayTake): Taken<Picked> | Blocked {
    const on = new Set<Resource>();
    let waitMs: number | undefined;
    for (const lane of this.#lanesOn(level)) {
      for (const credential of lane.candidate.credentials) {
        if (lane.tried.has(credential)) continue;
        const leave = this.#ask({ lane, credential }, level, mayTake);
        if (leave.kind === 'permit')
          return { kind: 'taken', value: this.#toTarget({ lane, credential }, leave) };
        if (leave.kind !== 'short') continue;
        on.add(leave.on);
        waitMs = earlier(waitMs, leave.waitMs);
      }
    }
    return on.size === 0 ? { kind: 'taken', value: undefined } : { kind: 'blocked', on: [...on], waitMs };
  }

  #ask(place: Place, level: Level, mayTake: (resource: Resource) => boolean): Leave {
    const { credential } = place;
    const { admission, lastResorts } = this.#parts;
    const wanted = this.#wantedFor(place);
    const leave = this.#isCooling(credential) ? lastResort : admission.tryTake(wanted, mayTake);
    if (leave.kind !== 'last-resort' || level !== 'last-resort' || lastResorts.has(credential)) return leave;
    const taken = admission.takeLastResort(wanted);
    if (taken.kind === 'permit') lastResorts.add(credential);
    return taken;
  }

  #isCooling(credential: Credential): boolean {
    return credential.kind === 'pass-through' && this.#parts.cooldowns.isCooling(credential.headers);
  }

  #wantedFor({ lane, credential }: Place): Wanted {
    const { upstream, model } = lane.candidate;
    const key = credential.kind === 'key' ? upstream.keys.find(credential.keyId) : undefined;
    return { slots: upstream.slots, key, model, bodyBytes: this.#parts.bodyBytes };
  }

  #toTarget(place: Place, { permit }: Extract<Leave, { kind: 'permit' }>): Picked {
    const { lane, credential } = place;
    const { upstream, model } = lane.candidate;
    const permission = upstream.breaker.tryAcquire() ?? upstream.breaker.acquireAnyway();
    if (permission === undefined) {
      permit.end('nothing');
      return undefined;
    }
    lane.tried.add(credential);
    this.#attempts += 1;
    const key = credential.kind === 'key' ? upstream.keys.find(credential.keyId) : undefined;
    if (key) upstream.keys.noteUse(key);
    const isLast = !this.#lanes.some((other) => this.#hasMore(other));
    return { candidate: lane.candidate, upstream, model, credential, key, isLast, permission, permit };
  }

  #lanesOn(level: Level): readonly Lane[] {
    const open = this.#lanes.filter((lane) => this.#mayTry(lane));
    if (level === 'last-resort') return open.filter((lane) => lane.tried.size === 0 && isNotIsolated(lane));
    const isHealthy = level === 'healthy';
    const lanes = open.filter(({ candidate }) => candidate.upstream.breaker.wouldPermit() === isHealthy);
    if (isHealthy || lanes.length < 2) return isHealthy ? lanes : lanes.filter(isNotIsolated);
    return lanes.filter(isNotIsolated).toSorted((left, right) => openedAt(left) - openedAt(right));
  }

  /** Every candidate gets one attempt; further ones only while the bound leaves room for those who had none. */
  #mayTry(lane: Lane): boolean {
    if (lane.isClosed) return false;
    if (lane.tried.size === 0) return true;
    const untried = this.#lanes.filter(({ tried, isClosed }) => tried.size === 0 && !isClosed).length;
    return this.#attempts + untried < this.#parts.maxAttempts;
  }

  #hasMore(lane: Lane): boolean {
    if (!this.#mayTry(lane) || isIsolated(lane.candidate)) return false;
    return lane.candidate.credentials.some((credential) => {
      if (lane.tried.has(credential)) return false;
      const { key } = this.#wantedFor({ lane, credential });
      const nowMs = this.#parts.clock.monotonic();
      if (key?.standing(nowMs).kind === 'retired') return false;
      const rests = this.#isCooling(credential) || key?.isOut(lane.candidate.model, nowMs) === true;
      // As a last resort, of candidates that had no attempt.
      return !rests || (lane.tried.size === 0 && !this.#parts.lastResorts.has(credential));
    });
  }
}

const lastResort: Leave = { kind: 'last-resort' };

const earlier = (left: number | undefined, right: number | undefined): number | undefined => {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
};

const isIsolated = ({ upstream }: Candidate): boolean => upstream.breaker.state.kind === 'isolated';

const isNotIsolated = ({ candidate }: Lane): boolean => !isIsolated(candidate);

/** The one left alone longest is the likeliest to be well again. */
const openedAt = ({ candidate }: Lane): number => {
  const { state } = candidate.upstream.breaker;
  return state.kind === 'open' ? state.openedAt : 0;
};
