import { RelayError } from '../errors.ts';
import { dropHeaders, type HeaderList } from '../messages/header-list.ts';
import type { FailedAnswer } from '../providers/provider.ts';
import { isTransient, requestedWaitMs } from '../resilience/attempt-failure.ts';
import type { FailedAttempt } from './attempt.ts';

/** What the client gets when nobody could serve it: one upstream's own answer, or an error of ours. */
export type FinalAnswer =
  | { readonly kind: 'verbatim'; readonly answer: FailedAnswer; readonly failed: FailedAttempt }
  | { readonly kind: 'ours'; readonly error: RelayError };

const longestRetryAfterSeconds = 60;

/** Lower is better: what tells the client most about what to do next (behaviour.md 1, "All failed"). */
const rank = ({ failure, answer }: FailedAttempt): number => {
  if (answer === undefined || isRedirect(answer)) return noAnswer;
  switch (failure.kind) {
    case 'rate-limited':
      // One of more than a minute is no passing one: waiting for another upstream helps more.
      return isTransient(failure) ? 0 : 4;
    case 'overloaded':
      return 1;
    case 'server-error':
      return isTransient(failure) ? 2 : 3;
    case 'quota-exhausted':
    case 'unauthorized':
      return 5;
    case 'model-not-found':
    case 'invalid-request':
    case 'refused':
      return 6;
    case 'unreachable':
    case 'timeout':
    case 'stream-broken':
      return noAnswer;
  }
};

const noAnswer = 7;

/** The failed attempt whose answer serves the client best; of equal ones the shortest wait, then the first. */
export const bestFailure = (failures: readonly FailedAttempt[]): FailedAttempt | undefined =>
  failures.toSorted((left, right) => rank(left) - rank(right) || waitOf(left) - waitOf(right))[0];

const waitOf = ({ failure }: FailedAttempt): number => requestedWaitMs(failure) ?? Number.MAX_SAFE_INTEGER;

/** Claude Code follows redirects without end: one never leaves the relay. */
const isRedirect = ({ status }: FailedAnswer): boolean => status >= 300 && status < 400;

/** Answers with the best of the failures: verbatim where an upstream spoke, else in our words. */
export const finalAnswer = (failures: readonly FailedAttempt[]): FinalAnswer => {
  const failed = bestFailure(failures);
  if (failed === undefined)
    return {
      kind: 'ours',
      error: new RelayError('no-candidate', 'Every provider for this request is held open by hand'),
    };
  const { answer } = failed;
  if (answer === undefined || rank(failed) === noAnswer) return { kind: 'ours', error: describe(failed) };
  const waits = knownWaits(failures);
  const headers = withAdvice(answer.headers, failed, waits);
  return { kind: 'verbatim', answer: { ...answer, headers }, failed };
};

/** The waits that upstreams named. Where one may be well again any moment, another's long wait does not count. */
const knownWaits = (failures: readonly FailedAttempt[]): readonly number[] => {
  const waits = failures.flatMap(({ failure }) => requestedWaitMs(failure) ?? []);
  const mayBeSoon = failures.some(
    ({ failure }) => isTransient(failure) && requestedWaitMs(failure) === undefined,
  );
  return mayBeSoon ? waits.filter((waitMs) => waitMs <= longestRetryAfterSeconds * 1000) : waits;
};

/** Adds what the client must know and the upstream did not say: the true wait, and whether waiting helps at all. */
const withAdvice = (
  headers: HeaderList,
  { failure, target }: FailedAttempt,
  waits: readonly number[],
): HeaderList => {
  const isOwn = target.credential.kind === 'pass-through';
  const seconds = waits.length > 0 ? Math.ceil(Math.min(...waits) / 1000) : undefined;
  const isHopeless =
    (seconds ?? 0) > longestRetryAfterSeconds ||
    (!isOwn && (failure.kind === 'unauthorized' || failure.kind === 'quota-exhausted'));
  const replaced = new Set<string>();
  const advice: string[] = [];
  if (seconds !== undefined) {
    replaced.add('retry-after');
    advice.push('retry-after', String(seconds));
  }
  if (isHopeless) {
    replaced.add('x-should-retry');
    advice.push('x-should-retry', 'false');
  }
  return replaced.size === 0
    ? headers
    : [...dropHeaders(headers, (name) => replaced.has(name.toLowerCase())), ...advice];
};

const describe = ({ failure, answer, target }: FailedAttempt): RelayError => {
  const upstream = target.upstream.config.name;
  if (answer !== undefined && isRedirect(answer))
    return new RelayError(
      'upstream-failed',
      `${upstream}: answered with a redirect (${answer.status}); check its base_url`,
    );
  const detail = 'detail' in failure ? failure.detail : `failed (${failure.kind})`;
  return new RelayError(
    failure.kind === 'timeout' ? 'upstream-timeout' : 'upstream-failed',
    `${upstream}: ${detail}`,
  );
};
