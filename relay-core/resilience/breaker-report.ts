import type { AttemptFailure } from './attempt-failure.ts';
import type { BreakerReport } from './circuit-breaker.ts';

/**
 * What a failed attempt says about its upstream (behaviour.md 4): faults of the upstream count, faults of a
 * key or of the request do not. A rate limit counts when it was the last available credential's.
 */
export const breakerReport = (failure: AttemptFailure, isLastCredential: boolean): BreakerReport => {
  switch (failure.kind) {
    case 'unreachable':
    case 'timeout':
      return 'connection-failure';
    case 'overloaded':
    case 'server-error':
    case 'stream-broken':
      return 'failure';
    case 'rate-limited':
      return isLastCredential ? 'failure' : 'neutral';
    case 'quota-exhausted':
    case 'unauthorized':
    case 'forbidden':
    case 'model-not-found':
    case 'invalid-request':
    case 'refused':
      return 'neutral';
  }
};
