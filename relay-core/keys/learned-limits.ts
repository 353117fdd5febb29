import { findHeader, type HeaderList } from '../messages/header-list.ts';
import type { Clock } from '../ports.ts';
import type { LearnedKind, LearnedLimit } from './limits.ts';

/** What headers say of one limit, as written. */
type Said = { limit?: string; remaining?: string; reset?: string };
type Part = { readonly kind: LearnedKind; readonly field: keyof Said };

const kinds: readonly LearnedKind[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
const fields: readonly (keyof Said)[] = ['limit', 'remaining', 'reset'];
const parts: ReadonlyMap<string, Part> = new Map(
  kinds.flatMap((kind) =>
    fields.map((field) => [`anthropic-ratelimit-${kind}-${field}`, { kind, field }] as const),
  ),
);
const shortestName = Math.min(...[...parts.keys()].map((name) => name.length));
const wholeNumber = /^\d{1,15}$/;

/** One pass over the headers: most answers have none of them, and every answer is looked at. */
const gather = (headers: HeaderList): ReadonlyMap<LearnedKind, Said> | undefined => {
  let gathered: Map<LearnedKind, Said> | undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const part = name.length < shortestName ? undefined : parts.get(name.toLowerCase());
    if (part === undefined) continue;
    gathered ??= new Map();
    const said = gathered.get(part.kind) ?? {};
    said[part.field] ??= headers[at + 1] ?? '';
    gathered.set(part.kind, said);
  }
  return gathered;
};

const toLimit = ({ limit = '', remaining = '', reset = '' }: Said, clock: Clock, nowAt: number) => {
  const resetAt = Date.parse(reset);
  if (!wholeNumber.test(limit) || !wholeNumber.test(remaining) || Number.isNaN(resetAt)) return undefined;
  const resetAtMs = clock.monotonic() + Math.max(0, resetAt - nowAt);
  return { limit: Number(limit), remaining: Number(remaining), resetAtMs };
};

/** The vendor's own clock tells the distance; ours may be wrong, or jump while the limit counts. */
const vendorNow = (headers: HeaderList, clock: Clock): number => {
  const saidAt = Date.parse(findHeader(headers, 'date') ?? '');
  return Number.isNaN(saidAt) ? clock.now() : saidAt;
};

/** What an answer's `anthropic-ratelimit-*` headers say of its key (protocol.md 4); resets are RFC 3339. */
export const readLearnedLimits = (
  headers: HeaderList,
  clock: Clock,
): readonly (readonly [LearnedKind, LearnedLimit])[] => {
  const gathered = gather(headers);
  if (gathered === undefined) return [];
  const nowAt = vendorNow(headers, clock);
  return [...gathered].flatMap(([kind, said]) => {
    const learned = toLimit(said, clock, nowAt);
    return learned === undefined ? [] : [[kind, learned] as const];
  });
};

/** How long a rate-limited key should rest by the reset times of what it has used up, in ms; undefined = they do not say. */
export const waitUntilReset = (
  learned: readonly (readonly [LearnedKind, LearnedLimit])[],
  nowMs: number,
): number | undefined => {
  const waits = learned
    .filter(([, { remaining }]) => remaining === 0)
    .map(([, { resetAtMs }]) => resetAtMs - nowMs);
  return waits.length === 0 ? undefined : Math.max(...waits);
};
