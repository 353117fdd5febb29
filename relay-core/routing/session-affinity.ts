import type { Clock } from '../ports.ts';
import type { Ranked } from './strategies/strategy.ts';

const idleMs = 3_600_000;
const maxEntries = 10_000;
const returnAfterMs = 300_000;
const steeringMs = 120_000;

/** Where a conversation's prompt cache is held. `keyId` undefined = no key of the configuration was spent. */
export type AffinityPlace = { readonly upstream: string; readonly keyId: string | undefined };

type Request<C> = {
  /** The strategy's order. */
  readonly ordered: readonly C[];
  /** Who the session should return to: the first of `ordered`, whoever served it first, or nobody: it stays. */
  readonly home: 'best' | 'first-chosen' | 'none';
  readonly isWell: (candidate: C) => boolean;
};

type Arrangement<C> = {
  readonly ordered: readonly C[];
  /** The key that holds the cache, when the first of `ordered` is its upstream. */
  readonly keyId: string | undefined;
  /** True = the session's own place was put first. */
  readonly isSticky: boolean;
};

/** After a break the next request is `due` to avoid the upstream; then it is `under-way` elsewhere. */
type Steering =
  | { readonly kind: 'none' }
  | { readonly kind: 'due'; readonly broken: string; readonly since: number }
  | { readonly kind: 'under-way' };

type Entry = {
  place: AffinityPlace;
  readonly firstChosen: string;
  /** When the place last changed its upstream; at first, when the session was first served. */
  movedAt: number;
  usedAt: number;
  /** Breaks of the place's upstream without a whole answer of it in between. */
  breaks: number;
  steering: Steering;
};

const notSteered: Steering = { kind: 'none' };

/** Both are the client's own text: the length keeps two pairs from running into the same key. */
const entryKey = (session: string, model: string): string => `${session.length}:${session}${model}`;

const find = <C extends Ranked>(candidates: readonly C[], name: string): C | undefined =>
  candidates.find(({ upstream }) => upstream.config.name === name);

const isAt = (place: AffinityPlace, candidate: Ranked | undefined): boolean =>
  candidate?.upstream.config.name === place.upstream;

const withFirst = <C extends Ranked>(candidates: readonly C[], first: C | undefined): readonly C[] =>
  first === undefined || candidates[0] === first
    ? candidates
    : [first, ...candidates.filter((candidate) => candidate !== first)];

const withLast = <C extends Ranked>(candidates: readonly C[], last: C | undefined): readonly C[] =>
  last === undefined ? candidates : [...candidates.filter((candidate) => candidate !== last), last];

/** Keeps a conversation on the upstream and key that hold its prompt cache (behaviour.md 1 Steering, 5). */
export class SessionAffinity {
  readonly #clock: Clock;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many conversations are remembered now. */
  get size(): number {
    this.#forgetIdle();
    return this.#entries.size;
  }

  /** The strategy's order with the session's own place first (or its home again) and a just-broken upstream last. */
  arrange<C extends Ranked>(session: string, model: string, request: Request<C>): Arrangement<C> {
    const entry = this.#use(session, model);
    if (entry === undefined) return { ordered: request.ordered, keyId: undefined, isSticky: false };
    const { place } = entry;
    const broken = this.#brokenOne(entry, request.ordered);
    const leader = this.#leader(entry, request, broken);
    const isSticky = isAt(place, leader);
    if (leader === undefined && isAt(place, broken) && entry.breaks < 2)
      entry.steering = { kind: 'under-way' };
    // A request that does not set out for the place may move it, whatever became of one steered before.
    else if (entry.steering.kind === 'due' || !isSticky) entry.steering = notSteered;
    const ordered = withLast(withFirst(request.ordered, leader), broken);
    return { ordered, keyId: isAt(place, ordered[0]) ? place.keyId : undefined, isSticky };
  }

  /** Where a session is at home now; asking changes nothing. */
  placeOf(session: string, model: string): AffinityPlace | undefined {
    const entry = this.#entries.get(entryKey(session, model));
    return entry === undefined || this.#isIdle(entry) ? undefined : entry.place;
  }

  /** The upstream began to answer this session's request: it becomes its place, unless the request was steered there. */
  served(session: string, model: string, place: AffinityPlace): void {
    const entry = this.#use(session, model);
    if (entry === undefined) {
      this.#begin(session, model, place);
    } else if (entry.place.upstream === place.upstream) {
      entry.place = place;
    } else if (entry.steering.kind === 'under-way') {
      entry.steering = notSteered;
    } else {
      entry.place = place;
      entry.movedAt = this.#clock.monotonic();
      entry.breaks = 0;
    }
  }

  /** Its answer arrived whole: earlier breaks of the place no longer count. */
  completed(session: string, model: string, place: AffinityPlace): void {
    const entry = this.#use(session, model);
    if (entry?.place.upstream === place.upstream) entry.breaks = 0;
  }

  /** Its answer broke after it had begun: the next request avoids the upstream; the second time the place moves. */
  broke(session: string, model: string, place: AffinityPlace): void {
    const entry = this.#use(session, model);
    if (entry === undefined) return;
    if (entry.place.upstream === place.upstream) entry.breaks += 1;
    entry.steering = { kind: 'due', broken: place.upstream, since: this.#clock.monotonic() };
  }

  /** The one this request is to avoid; nobody when there is no other. */
  #brokenOne<C extends Ranked>({ steering }: Entry, ordered: readonly C[]): C | undefined {
    if (steering.kind !== 'due' || ordered.length < 2) return undefined;
    if (this.#clock.monotonic() - steering.since >= steeringMs) return undefined;
    return find(ordered, steering.broken);
  }

  /** Whom affinity puts first: the home when it is time to return, else the place; nobody when neither is fit. */
  #leader<C extends Ranked>(entry: Entry, request: Request<C>, broken: C | undefined): C | undefined {
    const isFit = (candidate: C | undefined) =>
      candidate !== undefined && candidate !== broken && request.isWell(candidate);
    const home = this.#homeDue(entry, request);
    return [home, find(request.ordered, entry.place.upstream)].find(isFit);
  }

  #homeDue<C extends Ranked>(entry: Entry, { ordered, home }: Request<C>): C | undefined {
    if (home === 'none' || this.#clock.monotonic() - entry.movedAt < returnAfterMs) return undefined;
    return home === 'best' ? ordered[0] : find(ordered, entry.firstChosen);
  }

  /** The entry, from now on the most recently used one; undefined when there is none or it has been idle too long. */
  #use(session: string, model: string): Entry | undefined {
    const key = entryKey(session, model);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#isIdle(entry)) return undefined;
    entry.usedAt = this.#clock.monotonic();
    this.#entries.set(key, entry);
    return entry;
  }

  #begin(session: string, model: string, place: AffinityPlace): void {
    this.#forgetIdle();
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= maxEntries) this.#entries.delete(oldest);
    const now = this.#clock.monotonic();
    this.#entries.set(entryKey(session, model), {
      place,
      firstChosen: place.upstream,
      movedAt: now,
      usedAt: now,
      breaks: 0,
      steering: notSteered,
    });
  }

  #forgetIdle(): void {
    for (const [key, entry] of this.#entries) {
      if (!this.#isIdle(entry)) return;
      this.#entries.delete(key);
    }
  }

  #isIdle({ usedAt }: Entry): boolean {
    return this.#clock.monotonic() - usedAt >= idleMs;
  }
}
