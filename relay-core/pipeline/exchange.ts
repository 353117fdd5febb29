import type { AttemptRecord, ExchangeOutcome, TokenUsage } from '../contracts/records.ts';
import type { EventBus } from '../event-bus.ts';
import type { Admission } from '../keys/admission.ts';
import type { CredentialCooldowns } from '../keys/credential-cooldowns.ts';
import type { PooledKey } from '../keys/pooled-key.ts';
import type { HeaderList } from '../messages/header-list.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import type { Deadlines } from '../resilience/deadlines.ts';
import type { NetworkWatch } from '../resilience/network-watch.ts';
import type { SessionAffinity } from '../routing/session-affinity.ts';
import type { ClientReply } from '../server/client-reply.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** What every exchange shares. */
export type ExchangeParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly bus: EventBus;
  readonly deadlines: Deadlines;
  /** `routing.debug`: answers name who served them. */
  readonly hasDebugHeaders: boolean;
  /** `routing.strategy`, as the debug header names it. */
  readonly strategyName: string;
  readonly admission: Admission;
  readonly cooldowns: CredentialCooldowns;
  readonly network: NetworkWatch;
  /** Undefined under `routing.affinity: none`. */
  readonly affinity: SessionAffinity | undefined;
  /** Confirms a 401 in the background and retires the key if it is so. */
  /** Asks in the background, once for each model, whether a provider has room for whole prompts. */
  readonly checkContext: (upstream: Upstream, model: string) => void;
  readonly checkKey: (upstream: Upstream, key: PooledKey) => void;
};

/** Why an exchange was called off before its answer was complete. */
export type CallOff = 'client-left' | 'deadline' | 'shutdown';

/** One client request with everything done for it, while it runs. */
export class Exchange {
  readonly id: string;
  readonly parts: ExchangeParts;
  readonly reply: ClientReply;
  readonly startedAt: number;
  readonly method: string;
  readonly path: string;
  /** `x-request-id` of the answer: the client's own where it sent a sane one. */
  readonly requestId: string;
  readonly attempts: AttemptRecord[] = [];
  /** Called off together with the exchange: everything that waits listens to it. */
  readonly cancellation = new Cancellation();
  model: string | undefined;
  /** The conversation it belongs to, from its header or, where that matters, from its body. */
  session: string | undefined;
  /** True when the session's own upstream was put first. */
  isSticky = false;
  usage: TokenUsage | undefined;
  requestBytes = 0;
  status: number | undefined;
  outcome: ExchangeOutcome | undefined;
  reason: string | undefined;
  firstByteMs: number | undefined;
  readonly startedAtMonotonic: number;
  #calledOff: CallOff | undefined;

  constructor(parts: ExchangeParts, reply: ClientReply, request: RequestHead) {
    this.parts = parts;
    this.reply = reply;
    this.startedAt = parts.clock.now();
    this.startedAtMonotonic = parts.clock.monotonic();
    this.id = newRequestId(parts.random);
    this.method = request.method;
    this.path = request.path;
    this.session = request.sessionId;
    this.requestId = request.requestId ?? this.id;
  }

  /** Milliseconds since the request's headers arrived. */
  get elapsedMs(): number {
    return this.parts.clock.monotonic() - this.startedAtMonotonic;
  }

  /** Why the exchange was called off, if it was. */
  get calledOff(): CallOff | undefined {
    return this.#calledOff;
  }

  /** Ends all waiting. Only the first reason counts. */
  callOff(why: CallOff): void {
    if (this.#calledOff !== undefined) return;
    this.#calledOff = why;
    this.cancellation.cancel();
  }

  /** Writes status and headers to the client: nothing may be tried again after it. Only the first call counts. */
  commit(status: number, headers: HeaderList): void {
    if (this.reply.isCommitted || this.reply.isGone) return;
    this.reply.commit(status, headers);
    this.status = status;
    this.firstByteMs = this.elapsedMs;
    const { bus, clock } = this.parts;
    bus.emit({ kind: 'exchange-committed', exchangeId: this.id, at: clock.now(), status });
  }

  /** Notes how the exchange ended for the client; the first word counts. */
  conclude(outcome: ExchangeOutcome, reason?: string): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.reason = reason;
  }
}

/** What an exchange takes from the request line and headers. */
export type RequestHead = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly requestId: string | undefined;
  readonly sessionId: string | undefined;
};

const idBytes = 12;

/** A new request id of the form that Anthropic's own have: `req_` and 24 letters and digits. */
export const newRequestId = (random: Random): string =>
  `req_${Buffer.from(random.bytes(idBytes)).toString('hex')}`;
