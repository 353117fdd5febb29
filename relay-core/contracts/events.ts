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
