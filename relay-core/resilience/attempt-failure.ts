/**
 * Why an attempt did not give an answer: the only thing that policies read.
 * `retryAfterMs` undefined = the upstream named no time. "The client left" is no failure.
 */
export type AttemptFailure =
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'timeout'; readonly detail: string }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'quota-exhausted'; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'unauthorized' }
  /** 403: the key is good, but not for this model or place. */
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'overloaded'; readonly retryAfterMs: number | undefined }
  | {
      readonly kind: 'server-error';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'model-not-found' }
  | { readonly kind: 'invalid-request' }
  /** Another 4xx: this upstream will not have the request, another one may. */
  | { readonly kind: 'refused'; readonly status: number }
  /** The answer came, but it was cut, empty, HTML or an error in disguise; it may have been billed. */
  | { readonly kind: 'stream-broken'; readonly detail: string };

const longestWaitWorthMs = 60_000;
/** Gateway and overload statuses: the upstream says itself that the same request may succeed in a moment. */
const passingStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** True when the same request may well succeed soon (behaviour.md 1, "Rounds"). */
export const isTransient = (failure: AttemptFailure): boolean => {
  switch (failure.kind) {
    case 'unreachable':
    case 'overloaded':
      return true;
    case 'rate-limited':
      return (failure.retryAfterMs ?? 0) <= longestWaitWorthMs;
    case 'server-error':
      return passingStatuses.has(failure.status);
    case 'timeout':
    case 'quota-exhausted':
    case 'unauthorized':
    case 'forbidden':
    case 'model-not-found':
    case 'invalid-request':
    case 'refused':
    case 'stream-broken':
      return false;
  }
};

/** The wait that the upstream itself asked for, in milliseconds; undefined = it named none. */
export const requestedWaitMs = (failure: AttemptFailure): number | undefined => {
  switch (failure.kind) {
    case 'rate-limited':
    case 'quota-exhausted':
    case 'overloaded':
    case 'server-error':
      return failure.retryAfterMs;
    case 'unreachable':
    case 'timeout':
    case 'unauthorized':
    case 'forbidden':
    case 'model-not-found':
    case 'invalid-request':
    case 'refused':
    case 'stream-broken':
      return undefined;
  }
};
