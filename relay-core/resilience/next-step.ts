import type { Credential } from '../providers/provider.ts';
import type { AttemptFailure } from './attempt-failure.ts';

/** What the loop does after a failed attempt. `give-up` = the answer is final and goes to the client as it is. */
export type NextStep = 'next-key' | 'next-upstream' | 'give-up';

/** The whole failover policy (behaviour.md 1 "What comes next", 2 for the client's own credential). */
export const nextStep = (failure: AttemptFailure, credential: Credential['kind']): NextStep => {
  switch (failure.kind) {
    case 'unauthorized':
    case 'forbidden':
      // The client's own login was refused: only the client can mend that, and it must see why.
      return credential === 'pass-through' ? 'give-up' : 'next-key';
    case 'rate-limited':
    case 'quota-exhausted':
      return 'next-key';
    case 'overloaded':
    case 'server-error':
      // Behind the client's own credential stand the configured keys of the same upstream.
      return credential === 'pass-through' ? 'next-key' : 'next-upstream';
    case 'unreachable':
    case 'timeout':
    case 'model-not-found':
    case 'refused':
    case 'stream-broken':
      return 'next-upstream';
    case 'invalid-request':
      return 'give-up';
  }
};
