/** How an exchange ended, as the client saw it. */
export type ExchangeOutcome =
  /** A 2xx answer, whole. */
  | 'completed'
  /** An upstream's own error answer went out as it was. */
  | 'upstream-error'
  /** The relay itself refused, or had no answer to give. */
  | 'refused'
  /** The answer broke after it had begun. */
  | 'broken'
  /** The client closed its connection first. */
  | 'client-left';

/** Tokens as the upstream counted them; all input together is input + cache writes + cache reads. */
export type TokenUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
};

/** One try of one target. Durations in milliseconds. Never a body, a header or a credential. */
export type AttemptRecord = {
  readonly upstream: string;
  /** Whose credential was used: a configured key's id, or the client's own. */
  readonly credential: string;
  /** The model that this upstream was asked for. */
  readonly model: string;
  /** The upstream's HTTP status; absent when none came. */
  readonly status?: number;
  /** Absent = this attempt gave the answer. */
  readonly failure?: string;
  readonly durationMs: number;
  /** True when the request had gone out whole and its answer was lost: the vendor may have billed it. */
  readonly mayBeBilled: boolean;
};

/** What is known of one exchange when it is over. `…At` epoch ms, `…Ms` durations. */
export type ExchangeRecord = {
  readonly id: string;
  readonly startedAt: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly model: string | undefined;
  readonly sessionId: string | undefined;
  readonly outcome: ExchangeOutcome;
  /** The status that the client got; absent when none was sent. */
  readonly status: number | undefined;
  readonly attempts: readonly AttemptRecord[];
  /** What the answer cost, as far as the upstream said so. */
  readonly usage: TokenUsage | undefined;
  /** From the request's headers to the first byte to the client. */
  readonly firstByteMs: number | undefined;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** For outcomes other than `completed`: why, in words without secrets. */
  readonly reason: string | undefined;
};
