import { findHeader, type HeaderList, rememberNames } from '../messages/header-list.ts';
import type { Clock } from '../ports.ts';
import type { LearnedKind, LearnedLimit } from './limits.ts';

const kinds: readonly LearnedKind[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
const wholeNumber = /^\d{1,15}$/;

const readLimit = (headers: HeaderList, kind: LearnedKind, clock: Clock): LearnedLimit | undefined => {
  const prefix = `anthropic-ratelimit-${kind}`;
  const limit = findHeader(headers, `${prefix}-limit`) ?? '';
  const remaining = findHeader(headers, `${prefix}-remaining`) ?? '';
  const resetAt = Date.parse(findHeader(headers, `${prefix}-reset`) ?? '');
  if (!wholeNumber.test(limit) || !wholeNumber.test(remaining) || Number.isNaN(resetAt)) return undefined;
  // The vendor's own clock tells the distance; ours may be wrong, or jump while the limit counts.
  const saidAt = Date.parse(findHeader(headers, 'date') ?? '');
  const nowAt = Number.isNaN(saidAt) ? clock.now() : saidAt;
  const resetAtMs = clock.monotonic() + Math.max(0, resetAt - nowAt);
  return { limit: Number(limit), remaining: Number(remaining), resetAtMs };
};

const isLimitHeader = rememberNames((name) => name.startsWith('anthropic-ratelimit-'));

const hasLimits = (headers: HeaderList): boolean => {
  for (let at = 0; at < headers.length; at += 2) if (isLimitHeader(headers[at] ?? '')) return true;
  return false;
};

/** What an answer's `anthropic-ratelimit-*` headers say of its key (protocol.md 4); resets are RFC 3339. */
export const readLearnedLimits = (
  headers: HeaderList,
  clock: Clock,
): readonly (readonly [LearnedKind, LearnedLimit])[] => {
  if (!hasLimits(headers)) return [];
  return kinds.flatMap((kind) => {
    const learned = readLimit(headers, kind, clock);
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
