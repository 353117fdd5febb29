import type { Clock, SecretStore, SecretsUnavailable } from '../ports.ts';
import {
  type AskKeyChain,
  describeFailure,
  type KeyChainFailure,
  type KeyChainReply,
  type KeyChainRequest,
} from './key-chain.ts';

/** Longest wait for one answer of the key chain. */
const callLimitMs = 3000;
/** Rest after a failed probe; doubled at each further one. */
const firstRestMs = 1000;
const longestRestMs = 60_000;
/** How long a successful probe vouches for "there is no such key". */
const probeTrustMs = 5000;

/** What is known of the key chain. Times are monotonic milliseconds. */
type Availability =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'works'; readonly provenAt: number }
  | {
      readonly kind: 'fails';
      readonly why: KeyChainFailure;
      readonly restMs: number;
      readonly until: number;
    };

/** The key chain as a store, with the question whether it works at all. */
export type KeyChainStore = SecretStore & {
  /** Whether a secret can be kept now; undefined = yes. The answer is remembered, a "no" with growing rests. */
  unavailability(): Promise<SecretsUnavailable | undefined>;
};

/** Keeps secrets in the system's key chain. It is proven by writing: a locked one answers reads as if it were empty. */
export function createKeyChainStore(ask: AskKeyChain, clock: Clock): KeyChainStore {
  const gate = createGate(ask, clock);
  const perform = async (
    request: KeyChainRequest,
  ): Promise<Exclude<KeyChainReply, KeyChainFailure> | SecretsUnavailable> => {
    const failure = await gate.ensure();
    if (failure !== undefined) return describeFailure(failure);
    const reply = await gate.call(request);
    return reply.kind === 'failed' ? describeFailure(reply) : reply;
  };
  /** "Not there" is believed only of a key chain that took a write a moment ago. */
  const missing = async (): Promise<{ readonly kind: 'missing' } | SecretsUnavailable> => {
    const failure = await gate.ensure(probeTrustMs);
    return failure === undefined ? { kind: 'missing' } : describeFailure(failure);
  };
  return {
    kind: 'key-chain',
    unavailability: async () => {
      const failure = await gate.ensure();
      return failure && describeFailure(failure);
    },
    read: async (name) => {
      const reply = await perform({ kind: 'read', name });
      if (reply.kind === 'unavailable') return reply;
      return reply.kind === 'value' && reply.value !== undefined
        ? { kind: 'ok', value: reply.value }
        : missing();
    },
    write: async (name, value) => {
      const reply = await perform({ kind: 'write', name, value });
      return reply.kind === 'unavailable' ? reply : { kind: 'ok' };
    },
    remove: async (name) => {
      const reply = await perform({ kind: 'remove', name });
      if (reply.kind === 'unavailable') return reply;
      return reply.kind === 'removed' && reply.existed ? { kind: 'ok' } : missing();
    },
    list: async () => {
      const reply = await perform({ kind: 'list' });
      if (reply.kind === 'unavailable') return reply;
      return { kind: 'ok', names: reply.kind === 'names' ? reply.names.toSorted() : [] };
    },
  };
}

/** Puts a time limit round each call and remembers whether the key chain works. */
function createGate(ask: AskKeyChain, clock: Clock) {
  let availability: Availability = { kind: 'unknown' };
  let probing: Promise<KeyChainFailure | undefined> | undefined;

  const note = (failure: KeyChainFailure): void => {
    const restMs =
      availability.kind === 'fails' ? Math.min(availability.restMs * 2, longestRestMs) : firstRestMs;
    availability = { kind: 'fails', why: failure, restMs, until: clock.monotonic() + restMs };
  };

  const call = async (request: KeyChainRequest): Promise<KeyChainReply> => {
    const reply = await askInTime(ask, clock, request);
    if (reply.kind === 'failed') note(reply);
    return reply;
  };

  const probe = async (): Promise<KeyChainFailure | undefined> => {
    const reply = await call({ kind: 'probe' });
    if (reply.kind === 'failed') return reply;
    availability = { kind: 'works', provenAt: clock.monotonic() };
    return undefined;
  };

  /** Resolves with undefined when the key chain works, proven no longer ago than `maxAgeMs`. */
  const ensure = async (maxAgeMs = Number.POSITIVE_INFINITY): Promise<KeyChainFailure | undefined> => {
    const now = clock.monotonic();
    if (availability.kind === 'fails' && now < availability.until) return availability.why;
    if (availability.kind === 'works' && now - availability.provenAt <= maxAgeMs) return undefined;
    probing ??= probe().finally(() => {
      probing = undefined;
    });
    return await probing;
  };

  return { call, ensure };
}

async function askInTime(ask: AskKeyChain, clock: Clock, request: KeyChainRequest): Promise<KeyChainReply> {
  const controller = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<KeyChainReply>();
  const timer = clock.startTimer(callLimitMs, () => {
    resolve({ kind: 'failed', cause: 'timed-out' });
    controller.abort();
  });
  try {
    return await Promise.race([ask(request, controller.signal), late]);
  } finally {
    timer.cancel();
  }
}
