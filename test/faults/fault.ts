import type { Deadlines } from '../../relay-core/resilience/deadlines.ts';
import type { Course } from './courses.ts';

/** Does the client ask for a stream, or for one JSON body? */
export type RequestKind = 'stream' | 'json';
/** Where the faulty upstream stands: before a healthy one, or alone. */
export type Place = 'first of two' | 'only';

export const requestKinds: readonly RequestKind[] = ['stream', 'json'];
export const places: readonly Place[] = ['first of two', 'only'];

/** A faulty upstream that runs. */
export type FaultyUpstream = {
  readonly url: string;
  /** How many Messages requests have reached it whole. */
  messageCount(): number;
  stop(): Promise<void>;
};

/** What a faulty upstream does. */
export type Behaviour = {
  readonly start: () => Promise<FaultyUpstream>;
  /** The bytes of the body that it sends, whole or up to its cut. */
  readonly sent: Buffer;
  /** No request ever reaches it. */
  readonly isDeaf: boolean;
};

/** What it does with one kind of request, and what should come of it. */
export type FaultyAnswer = { readonly behaviour: Behaviour; readonly course: Course };

/** One way in which an upstream fails. A kind of request that it cannot happen to is absent. */
export type Fault = {
  readonly name: string;
  readonly stream?: FaultyAnswer;
  readonly json?: FaultyAnswer;
  /** `timeouts` of the faulty upstream's entry. */
  readonly timeouts?: Readonly<Record<string, number>>;
  readonly deadlines?: Partial<Deadlines>;
  /** Default: `usualPatienceMs`. */
  readonly patienceMs?: number;
};

/** The same for every kind of request. */
export const forBoth = (behaviour: Behaviour, course: Course): Pick<Fault, 'stream' | 'json'> => ({
  stream: { behaviour, course },
  json: { behaviour, course },
});

/** Faults that meet an answer at the same point of its life. */
export type FaultGroup = { readonly name: string; readonly faults: readonly Fault[] };

/** Room for exactly one more round, after a second; the one behind it would come after two more. */
export const usualPatienceMs = 2_900;
