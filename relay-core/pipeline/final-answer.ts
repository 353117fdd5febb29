import { RelayError } from '../errors.ts';
import { dropHeaders, type HeaderList } from '../messages/header-list.ts';
import { readErrorEnvelope } from '../messages/stream-watch.ts';
import type { FailedAnswer } from '../providers/provider.ts';
import { isTransient, requestedWaitMs } from '../resilience/attempt-failure.ts';
import type { Candidate } from '../routing/candidates.ts';
import type { FailedAttempt } from './attempt.ts';

/** Why nobody was asked although somebody could serve: limits with a known wait, or too much running at once. */
export type Shortage = { readonly kind: 'limited'; readonly waitMs: number } | { readonly kind: 'busy' };

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
    case 'forbidden':
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

/** Failures of a configured key that no waiting mends. */
const needsTheUser: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'quota-exhausted']);

/** The failed attempt whose answer serves the client best; of equal ones the shortest wait, then the first. */
export const bestFailure = (failures: readonly FailedAttempt[]): FailedAttempt | undefined =>
  failures.toSorted((left, right) => rank(left) - rank(right) || waitOf(left) - waitOf(right))[0];

const waitOf = ({ failure }: FailedAttempt): number => requestedWaitMs(failure) ?? Number.MAX_SAFE_INTEGER;

/** Claude Code follows redirects without end: one never leaves the relay. */
const isRedirect = ({ status }: FailedAnswer): boolean => status >= 300 && status < 400;

/** Answers with the best of the failures: verbatim where an upstream spoke, else in our words. */
export const finalAnswer = (
  failures: readonly FailedAttempt[],
  shortage?: Shortage,
  candidates: readonly Candidate[] = [],
): FinalAnswer => {
  const failed = bestFailure(failures);
  if (shortage !== undefined && (failed === undefined || rank(failed) === noAnswer))
    return { kind: 'ours', error: describeShortage(shortage) };
  if (failed === undefined)
    return { kind: 'ours', error: new RelayError('no-candidate', describeNobody(candidates)) };
  const { answer } = failed;
  if (answer === undefined || rank(failed) === noAnswer) return { kind: 'ours', error: describe(failed) };
  const waits = knownWaits(failures, shortage);
  const headers = withAdvice(answer.headers, failed, waits);
  const remedy = remedyOf(failed);
  const said = { ...answer, headers };
  return { kind: 'verbatim', answer: remedy === undefined ? said : withRemedy(said, failed, remedy), failed };
};

const remedyOf = ({ failure, target }: FailedAttempt): string | undefined => {
  const { adapter, config } = target.upstream;
  return adapter.remedyFor?.(failure, { model: target.model, baseUrl: config.baseUrl });
};

/** No client matches the wording of these vendors' errors: a sentence on what to do helps more than verbatim bytes. */
const withRemedy = (answer: FailedAnswer, { target }: FailedAttempt, remedy: string): FailedAnswer => {
  const { type, message } = readErrorEnvelope(answer.body.toString('utf8'));
  const said = `${target.upstream.config.name}: ${message || `answered ${answer.status}`}; ${remedy}`;
  const body = Buffer.from(JSON.stringify({ type: 'error', error: { type, message: said } }));
  const headers = dropHeaders(answer.headers, (name) => name.toLowerCase() === 'content-type');
  return { ...answer, headers: [...headers, 'content-type', 'application/json'], body };
};

/** The waits that upstreams named, and that our own limits ask for. Where one may be well again any moment, another's long wait does not count. */
const knownWaits = (
  failures: readonly FailedAttempt[],
  shortage: Shortage | undefined,
): readonly number[] => {
  const own = shortage?.kind === 'limited' ? [shortage.waitMs] : [];
  const waits = [...failures.flatMap(({ failure }) => requestedWaitMs(failure) ?? []), ...own];
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
  const isHopeless = (seconds ?? 0) > longestRetryAfterSeconds || (!isOwn && needsTheUser.has(failure.kind));
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

const describeShortage = (shortage: Shortage): RelayError => {
  if (shortage.kind === 'busy')
    return new RelayError(
      'too-busy',
      'As many requests run as max_concurrent allows, and none ended within queue_timeout_ms',
    );
  const retryAfterSeconds = Math.max(1, Math.ceil(shortage.waitMs / 1000));
  return new RelayError(
    'rate-limited',
    `All API keys are currently at rate limit capacity. Please retry after the specified time (${retryAfterSeconds} s).`,
    { retryAfterSeconds },
  );
};

const describeNobody = (candidates: readonly Candidate[]): string =>
  `No provider can serve this request: ${candidates.map(describeIdle).join('; ')}`;

const describeIdle = ({ upstream }: Candidate): string => {
  const { config, breaker } = upstream;
  if (breaker.state.kind === 'isolated') return `${config.name} is held open by hand`;
  return `${config.name} has no key left: each was refused (401) and is out until you replace it`;
};

const describe = (failed: FailedAttempt): RelayError => {
  const { failure, answer, target } = failed;
  const upstream = target.upstream.config.name;
  if (answer !== undefined && isRedirect(answer))
    return new RelayError(
      'upstream-failed',
      `${upstream}: answered with a redirect (${answer.status}); check its base_url`,
    );
  const detail = 'detail' in failure ? failure.detail : `failed (${failure.kind})`;
  const remedy = remedyOf(failed);
  return new RelayError(
    failure.kind === 'timeout' ? 'upstream-timeout' : 'upstream-failed',
    remedy === undefined ? `${upstream}: ${detail}` : `${upstream}: ${detail}; ${remedy}`,
  );
};
