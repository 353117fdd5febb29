import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findHeader } from '../../../relay-core/messages/header-list.ts';
import type { FailedAttempt, Target } from '../../../relay-core/pipeline/attempt.ts';
import { bestFailure, finalAnswer } from '../../../relay-core/pipeline/final-answer.ts';
import type { Credential, FailedAnswer } from '../../../relay-core/providers/provider.ts';
import type { AttemptFailure } from '../../../relay-core/resilience/attempt-failure.ts';

const withKey: Credential = { kind: 'key', keyId: 'dummy' };
const ownLogin: Credential = { kind: 'pass-through', headers: ['authorization', 'Bearer dummy'] };

/** As much of a target as the final answer depends on. */
const targetWith = (credential: Credential): Target =>
  ({ upstream: { config: { name: 'first' }, adapter: {} }, credential }) as unknown as Target;

const failedAttempt = (
  failure: AttemptFailure,
  answer?: Partial<FailedAnswer>,
  credential: Credential = withKey,
): FailedAttempt => {
  const target = targetWith(credential);
  if (answer === undefined) return { failure, target, durationMs: 0 };
  return {
    ...{ failure, target, durationMs: 0 },
    answer: { status: 500, headers: [], body: Buffer.from('said'), ...answer },
  };
};

const rateLimited = (retryAfterMs?: number, headers: readonly string[] = []) =>
  failedAttempt({ kind: 'rate-limited', retryAfterMs }, { status: 429, headers });
const overloaded = (retryAfterMs?: number) =>
  failedAttempt({ kind: 'overloaded', retryAfterMs }, { status: 529 });
const serverError = (status: number, retryAfterMs?: number) =>
  failedAttempt({ kind: 'server-error', status, retryAfterMs }, { status });
const spent = failedAttempt({ kind: 'quota-exhausted', retryAfterMs: undefined }, { status: 402 });
const unauthorized = (status = 401, credential: Credential = withKey, headers: readonly string[] = []) =>
  failedAttempt({ kind: 'unauthorized' }, { status, headers }, credential);
const noModel = failedAttempt({ kind: 'model-not-found' }, { status: 404 });
const invalid = failedAttempt({ kind: 'invalid-request' }, { status: 400 });
const unreachable = failedAttempt({ kind: 'unreachable', detail: 'connection refused (ECONNREFUSED)' });
const timedOut = failedAttempt({ kind: 'timeout', detail: 'no answer within 5 ms' });
const cut = failedAttempt({ kind: 'stream-broken', detail: 'the answer was cut' });
const redirect = (status = 302) =>
  failedAttempt(
    { kind: 'server-error', status, retryAfterMs: undefined },
    { status, headers: ['location', 'https://example.com/'] },
  );

/** The answer that an upstream gave; fails where it is ours. */
const verbatim = (...failures: readonly FailedAttempt[]): FailedAnswer => {
  const final = finalAnswer(failures);
  if (final.kind !== 'verbatim') throw new Error(`ours: ${final.error.message}`);
  return final.answer;
};
const ours = (...failures: readonly FailedAttempt[]) => {
  const final = finalAnswer(failures);
  if (final.kind !== 'ours') throw new Error(`verbatim: ${final.answer.status}`);
  return final.error;
};
const adviceOf = (...failures: readonly FailedAttempt[]) => {
  const { headers } = verbatim(...failures);
  return [findHeader(headers, 'retry-after'), findHeader(headers, 'x-should-retry')];
};

/** Best first; equal ones share a line. */
const ranking: readonly (readonly FailedAttempt[])[] = [
  [rateLimited(), rateLimited(5000)],
  [overloaded(), overloaded(5000)],
  [serverError(500), serverError(503), serverError(504, 3000)],
  [spent, unauthorized(401), unauthorized(403)],
  [noModel, invalid],
  [unreachable, timedOut, cut, redirect()],
];
const pairs = ranking.flatMap((betterLine, index) =>
  ranking
    .slice(index + 1)
    .flatMap((worseLine) => betterLine.flatMap((better) => worseLine.map((worse) => ({ better, worse })))),
);

describe('the best of several failures', () => {
  it.each(
    pairs.map(({ better, worse }) => ({
      better,
      worse,
      name: `${better.failure.kind} ${better.answer?.status ?? ''} is better than ${worse.failure.kind} ${worse.answer?.status ?? ''}`,
    })),
  )('$name, whichever came first', ({ better, worse }) => {
    expect(bestFailure([better, worse])).toBe(better);
    expect(bestFailure([worse, better])).toBe(better);
  });

  it('is the one with the shortest wait among equals', () => {
    const waits = [rateLimited(), rateLimited(9000), rateLimited(2000), rateLimited(5000)];
    expect(bestFailure(waits)).toBe(waits[2]);
  });

  it('is the first among the wholly equal', () => {
    const equals = [overloaded(), overloaded()];
    expect(bestFailure(equals)).toBe(equals[0]);
  });

  it('is nothing when nothing failed', () => {
    expect(bestFailure([])).toBeUndefined();
  });

  // behaviour.md 1: the transient ones come first, and a 429 of more than 60 s is none ("Rounds").
  it.each([
    { name: '529', other: overloaded() },
    { name: '503', other: serverError(503) },
  ])('is a $name rather than a rate limit that lasts an hour', ({ other }) => {
    expect(bestFailure([rateLimited(3_600_000), other])).toBe(other);
  });

  // Else their order would decide whether the client is made to wait for another round.
  it('is a 503 rather than a 500, whichever came first', () => {
    const passing = serverError(503);
    expect(bestFailure([passing, serverError(500)])).toBe(passing);
    expect(bestFailure([serverError(500), passing])).toBe(passing);
  });
});

describe('the answer when all failed', () => {
  it('is the best upstream answer, its body untouched', () => {
    const body = Buffer.from([0xff, 0x00, 0x7b]);
    const said = failedAttempt({ kind: 'overloaded', retryAfterMs: undefined }, { status: 529, body });
    const answer = verbatim(unreachable, said, noModel);
    expect(answer.status).toBe(529);
    expect(answer.body.equals(body)).toBe(true);
  });

  it('keeps the order, case and repeats of the headers where there is nothing to add', () => {
    const headers = ['Request-Id', 'req_1', 'x-a', '1', 'X-A', '2'];
    expect(verbatim(rateLimited(undefined, headers)).headers).toEqual(headers);
  });

  it.each([
    ['unreachable', unreachable, 502, 'first: connection refused (ECONNREFUSED)'],
    ['cut off', cut, 502, 'first: the answer was cut'],
    ['too slow', timedOut, 504, 'first: no answer within 5 ms'],
  ])('is ours where the upstream was %s', (_what, failed, ...expected) => {
    const error = ours(failed);
    expect([error.row.status, error.message]).toEqual(expected);
  });

  it('is ours where only the status of the answer arrived', () => {
    const failed = failedAttempt({ kind: 'overloaded', retryAfterMs: undefined });
    expect([ours(failed).row.status, ours(failed).message]).toEqual([502, 'first: failed (overloaded)']);
  });

  it.each([300, 301, 302, 303, 304, 307, 308, 399])('never passes the redirect %i on', (status) => {
    const error = ours(redirect(status), unreachable);
    expect(error.row.status).toBe(502);
    expect(error.message).toContain(String(status));
    expect(verbatim(redirect(status), noModel).status).toBe(404);
  });

  it('is our 503, not to be retried, when there was no attempt', () => {
    expect(ours().row).toEqual({ status: 503, type: 'api_error', shouldRetry: false });
  });
});

describe('the advice to the client', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['1', 1000],
    ['2', 1001],
    ['60', 60_000],
  ])('is a retry-after of %s s for a wait of %i ms', (seconds, retryAfterMs) => {
    expect(adviceOf(rateLimited(retryAfterMs))).toEqual([seconds, undefined]);
  });

  it('is the smallest wait that any upstream named, whoever answers', () => {
    expect(adviceOf(rateLimited(40_000), rateLimited(20_000), overloaded(7000))).toEqual(['7', undefined]);
    expect(adviceOf(rateLimited(), serverError(503, 4000))).toEqual(['4', undefined]);
  });

  it.each([60_001, 61_000, 3_600_000])('is not to retry when the smallest wait is %i ms', (retryAfterMs) => {
    expect(adviceOf(rateLimited(retryAfterMs), rateLimited(9_000_000))).toEqual([
      String(Math.ceil(retryAfterMs / 1000)),
      'false',
    ]);
  });

  // The overloaded upstream may be well in a moment: an hour is not the true smallest wait.
  it('is not to give up where one upstream is only overloaded and another limited for an hour', () => {
    expect(adviceOf(rateLimited(3_600_000), overloaded())[1]).toBeUndefined();
  });

  it('replaces what the upstream said, a date included', () => {
    const headers = ['Retry-After', 'Fri, 20 Nov 2026 12:01:30 GMT', 'X-Should-Retry', 'true', 'x-kept', '1'];
    expect(verbatim(rateLimited(90_000, headers)).headers).toEqual([
      ...['x-kept', '1'],
      ...['retry-after', '90', 'x-should-retry', 'false'],
    ]);
  });

  it('leaves x-should-retry alone where there is no reason to change it', () => {
    expect(adviceOf(rateLimited(5000, ['x-should-retry', 'true']))).toEqual(['5', 'true']);
  });

  it.each([
    { name: '401', failed: unauthorized(401) },
    { name: '403', failed: unauthorized(403) },
    { name: '402', failed: spent },
  ])('is not to retry for the $name of a configured key', ({ failed }) => {
    expect(adviceOf(failed)).toEqual([undefined, 'false']);
  });

  it.each([401, 403])(
    "is none for the %i of the client's own credential: its bytes go out unchanged",
    (status) => {
      const headers = ['Request-Id', 'req_1', 'www-authenticate', 'Bearer'];
      const failed = unauthorized(status, ownLogin, headers);
      expect(finalAnswer([failed])).toEqual({ kind: 'verbatim', answer: failed.answer, failed });
    },
  );

  it.each([
    { name: '400', failed: invalid },
    { name: '404', failed: noModel },
    { name: '500', failed: serverError(500) },
    { name: '529', failed: overloaded() },
  ])('is none for a $name', ({ failed }) => {
    expect(verbatim(failed).headers).toEqual([]);
  });

  it('is a retry-after in digits, once, and true to the shortest wait', () => {
    const waits = fc.array(fc.nat(10_000_000), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(waits, (all) => {
        const { headers } = verbatim(...all.map((wait) => rateLimited(wait, ['retry-after', 'soon'])));
        const seconds = Math.ceil(Math.min(...all) / 1000);
        expect(headers.filter((name) => name === 'retry-after')).toHaveLength(1);
        expect(findHeader(headers, 'retry-after')).toBe(String(seconds));
        expect(findHeader(headers, 'x-should-retry')).toBe(seconds > 60 ? 'false' : undefined);
      }),
    );
  });
});

describe('limits of our own beside the failures', () => {
  it('count for the wait that the client is told', () => {
    const final = finalAnswer([rateLimited(300_000)], { kind: 'limited', waitMs: 90_000 });
    expect(final).toMatchObject({
      kind: 'verbatim',
      answer: { headers: ['retry-after', '90', 'x-should-retry', 'false'] },
    });
  });

  it('are the answer where no upstream gave one', () => {
    const final = finalAnswer([], { kind: 'limited', waitMs: 30_100 });
    expect(final).toMatchObject({ kind: 'ours', error: { code: 'rate-limited', retryAfterSeconds: 31 } });
    expect(finalAnswer([], { kind: 'busy' })).toMatchObject({ kind: 'ours', error: { code: 'too-busy' } });
  });
});
