import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../relay-core/providers/provider.ts';
import type { AttemptFailure } from '../../../relay-core/resilience/attempt-failure.ts';
import { type NextStep, nextStep } from '../../../relay-core/resilience/next-step.ts';

const retryAfterMs = undefined;
const failures: { readonly [K in AttemptFailure['kind']]: Extract<AttemptFailure, { kind: K }> } = {
  unreachable: { kind: 'unreachable', detail: '' },
  timeout: { kind: 'timeout', detail: '' },
  'rate-limited': { kind: 'rate-limited', retryAfterMs },
  'quota-exhausted': { kind: 'quota-exhausted', retryAfterMs },
  unauthorized: { kind: 'unauthorized' },
  forbidden: { kind: 'forbidden' },
  overloaded: { kind: 'overloaded', retryAfterMs },
  'server-error': { kind: 'server-error', status: 500, retryAfterMs },
  'model-not-found': { kind: 'model-not-found' },
  'invalid-request': { kind: 'invalid-request' },
  refused: { kind: 'refused', status: 409 },
  'stream-broken': { kind: 'stream-broken', detail: '' },
};

type Row = readonly [AttemptFailure['kind'], Readonly<Record<Credential['kind'], NextStep>>];
const row = (kind: AttemptFailure['kind'], key: NextStep, passThrough: NextStep = key): Row => [
  kind,
  { key, none: key, 'pass-through': passThrough },
];
const table: readonly Row[] = [
  row('unreachable', 'next-upstream'),
  row('timeout', 'next-upstream'),
  row('rate-limited', 'next-key'),
  row('quota-exhausted', 'next-key'),
  row('unauthorized', 'next-key', 'give-up'),
  row('forbidden', 'next-key', 'give-up'),
  row('overloaded', 'next-upstream', 'next-key'),
  row('server-error', 'next-upstream', 'next-key'),
  row('model-not-found', 'next-upstream'),
  row('invalid-request', 'give-up'),
  row('refused', 'next-upstream'),
  row('stream-broken', 'next-upstream'),
];
const credentials = ['key', 'none', 'pass-through'] as const;

describe('what comes next', () => {
  it.each(
    table.flatMap(([kind, steps]) =>
      credentials.map((credential) => ({ kind, credential, step: steps[credential] })),
    ),
  )('after $kind with credential $credential is $step', ({ kind, credential, step }) => {
    expect(nextStep(failures[kind], credential)).toBe(step);
  });

  it('is decided for every kind of failure', () => {
    expect(table.map(([kind]) => kind).sort()).toEqual(Object.keys(failures).sort());
  });
});
