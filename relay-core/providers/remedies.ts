import type { AttemptFailure } from '../resilience/attempt-failure.ts';

/** What a remedy may name. */
export type RemedyContext = {
  /** The model that the upstream was asked for. */
  readonly model: string;
  readonly baseUrl: string;
};

/** What the user can do about a failure of a vendor other than Anthropic, in one clause; undefined = nothing but wait. */
export const remedyFor = (failure: AttemptFailure, { model, baseUrl }: RemedyContext): string | undefined => {
  switch (failure.kind) {
    case 'unauthorized':
      return 'check the key, and that its variable is set where the relay was started';
    case 'model-not-found':
      return `"${model}" is not known there: correct the provider's model_mapping or models`;
    case 'unreachable':
      return `check that ${baseUrl} is right and can be reached`;
    case 'forbidden':
    case 'timeout':
    case 'rate-limited':
    case 'quota-exhausted':
    case 'overloaded':
    case 'server-error':
    case 'invalid-request':
    case 'refused':
    case 'stream-broken':
      return undefined;
  }
};
