import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyFailure as classifyByStatus } from '../anthropic/classify-failure.ts';
import { readVendorError, type VendorError } from '../cloud/vendor-error.ts';
import type { FailedAnswer } from '../provider.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const retryDelay = /^(\d+(?:\.\d+)?)s$/;

/** The wait in Google's `RetryInfo`, in milliseconds. */
const retryAfterIn = ({ details }: VendorError): number | undefined => {
  for (const detail of details) {
    const delay = isRecord(detail) && typeof detail.retryDelay === 'string' ? detail.retryDelay : '';
    const [, seconds] = retryDelay.exec(delay) ?? [];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return undefined;
};

/** `Unexpected value(s) … for the anthropic-beta header`: the request is good, but not here. */
const refusedBeta = /anthropic-beta/i;
const missingModel = /publisher model|not servable/i;

/** What Google's status says beyond the HTTP one; undefined = nothing. */
const byGoogleStatus = (error: VendorError, { status }: FailedAnswer): AttemptFailure | undefined => {
  switch (error.status) {
    case 'RESOURCE_EXHAUSTED':
      return { kind: 'rate-limited', retryAfterMs: undefined };
    case 'UNAUTHENTICATED':
      return { kind: 'unauthorized' };
    case 'PERMISSION_DENIED':
      return { kind: 'forbidden' };
    case 'NOT_FOUND':
      return { kind: 'model-not-found' };
    // Comes as a 400, but speaks of the project or the region.
    case 'FAILED_PRECONDITION':
      return missingModel.test(error.message) ? { kind: 'model-not-found' } : { kind: 'forbidden' };
    case 'ABORTED':
    case 'CANCELLED':
      return { kind: 'server-error', status, retryAfterMs: undefined };
    default:
      return undefined;
  }
};

/** What an answer of Vertex AI means: by Google's status where it has one, else as Anthropic's. */
export const classifyFailure = (answer: FailedAnswer, nowMs: number): AttemptFailure => {
  const error = readVendorError(answer.body);
  if (answer.status === 400 && refusedBeta.test(error.message)) return { kind: 'refused', status: 400 };
  const byStatus = classifyByStatus(answer, nowMs);
  const failure = byGoogleStatus(error, answer) ?? byStatus;
  if (!('retryAfterMs' in failure)) return failure;
  const named = 'retryAfterMs' in byStatus ? byStatus.retryAfterMs : undefined;
  return { ...failure, retryAfterMs: named ?? retryAfterIn(error) };
};
