import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyFailure as classifyByStatus } from '../anthropic/classify-failure.ts';
import { readVendorError } from '../cloud/vendor-error.ts';
import type { FailedAnswer } from '../provider.ts';

/** What Azure's codes mean, whatever status they come with (protocol.md 2.6). */
const codes: ReadonlyMap<string, 'missing' | 'unauthorized' | 'forbidden' | 'rate' | 'quota'> = new Map([
  ['deploymentnotfound', 'missing'],
  ['unknown_model', 'missing'],
  ['401', 'unauthorized'],
  ['unauthorized', 'unauthorized'],
  ['invalidauthenticationtoken', 'unauthorized'],
  // Comes as a 401, but a new token would lack the same role.
  ['permissiondenied', 'forbidden'],
  ['429', 'rate'],
  ['toomanyrequests', 'rate'],
  ['ratelimitreached', 'rate'],
  ['insufficient_quota', 'quota'],
]);

const waitInText = /retry after (\d+) seconds?/i;

const byCode = (code: string): AttemptFailure | undefined => {
  switch (codes.get(code.toLowerCase())) {
    case 'missing':
      return { kind: 'model-not-found' };
    case 'unauthorized':
      return { kind: 'unauthorized' };
    case 'forbidden':
      return { kind: 'forbidden' };
    case 'rate':
      return { kind: 'rate-limited', retryAfterMs: undefined };
    case 'quota':
      return { kind: 'quota-exhausted', retryAfterMs: undefined };
    case undefined:
      return undefined;
  }
};

/** What an answer of Azure AI Foundry means: by API Management's code where it has one, else as Anthropic's. */
export const classifyFailure = (answer: FailedAnswer, nowMs: number): AttemptFailure => {
  const { code, message } = readVendorError(answer.body);
  const byStatus = classifyByStatus(answer, nowMs);
  const failure = byCode(code) ?? byStatus;
  if (!('retryAfterMs' in failure)) return failure;
  const named = 'retryAfterMs' in byStatus ? byStatus.retryAfterMs : undefined;
  const [, seconds] = waitInText.exec(message) ?? [];
  const told = seconds === undefined ? undefined : Number(seconds) * 1000;
  return { ...failure, retryAfterMs: named ?? told };
};
