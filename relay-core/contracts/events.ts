import type { AttemptRecord, ExchangeRecord } from './records.ts';

/** Facts that the engine tells, in the past tense. No secrets, no bodies. */
export type RelayEvent =
  | { readonly kind: 'exchange-started'; readonly exchangeId: string; readonly at: number }
  | {
      readonly kind: 'attempt-failed';
      readonly exchangeId: string;
      readonly at: number;
      readonly attempt: AttemptRecord;
    }
  | {
      /** The next attempt goes to another upstream. `reason` = kind of failure of the one before. */
      readonly kind: 'failed-over';
      readonly exchangeId: string;
      readonly at: number;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  | {
      /** No room under limits, cooldowns or concurrency caps. `waitMs` undefined = nobody knows how long. */
      readonly kind: 'exchange-queued';
      readonly exchangeId: string;
      readonly at: number;
      readonly waitMs: number | undefined;
      /** How many wait already. */
      readonly ahead: number;
    }
  | {
      readonly kind: 'exchange-dequeued';
      readonly exchangeId: string;
      readonly at: number;
      readonly waitedMs: number;
      readonly outcome: 'taken' | 'timed-out' | 'cancelled';
    }
  | {
      readonly kind: 'key-cooled-down';
      readonly at: number;
      readonly upstream: string;
      readonly keyId: string;
      readonly reason: 'rate-limited' | 'quota-exhausted' | 'forbidden' | 'unauthorized';
      /** Epoch ms. */
      readonly untilAt: number;
      /** Set when the key rests for this model only. */
      readonly model?: string;
    }
  | { readonly kind: 'key-retired'; readonly at: number; readonly upstream: string; readonly keyId: string }
  | { readonly kind: 'key-restored'; readonly at: number; readonly upstream: string; readonly keyId: string }
  | {
      readonly kind: 'upstream-probed';
      readonly at: number;
      readonly upstream: string;
      readonly isReachable: boolean;
    }
  /** Something about a provider that its user should know; each is told once. */
  | {
      readonly kind: 'upstream-warned';
      readonly at: number;
      readonly upstream: string;
      readonly message: string;
    }
  /** Another configuration runs from now on. */
  | { readonly kind: 'config-changed'; readonly at: number }
  /** Every upstream became unreachable within a second: the network is to blame, no breaker opens. */
  | { readonly kind: 'network-lost'; readonly at: number }
  | {
      readonly kind: 'exchange-committed';
      readonly exchangeId: string;
      readonly at: number;
      readonly status: number;
    }
  | {
      readonly kind: 'breaker-changed';
      readonly at: number;
      readonly upstream: string;
      readonly state: 'closed' | 'open' | 'half-open' | 'isolated';
    }
  | { readonly kind: 'exchange-completed'; readonly at: number; readonly record: ExchangeRecord };
