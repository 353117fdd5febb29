import type { ProviderType } from '../contracts/config.ts';

/** The relay's fixed waits, in milliseconds. Tests hand in shorter ones. */
export type Deadlines = {
  /** Longest hold of a stream's first events after the upstream's 200. */
  readonly holdMs: number;
  /** Silence after which a ping of ours goes to the client. */
  readonly pingEveryMs: number;
  /** No headers by then from the last candidate: a streaming client gets its 200 and pings (ollama: sooner). */
  readonly earlyCommitMs: number;
  readonly earlyCommitOllamaMs: number;
  /** A request body that sends nothing for so long is given up. */
  readonly bodyIdleMs: number;
  /** A client that reads nothing for so long is given up. */
  readonly clientStallMs: number;
  /** Running exchanges get so long at shutdown. */
  readonly drainMs: number;
};

/** The values of behaviour.md 1 and 7. */
export const defaultDeadlines: Deadlines = {
  holdMs: 20_000,
  pingEveryMs: 15_000,
  earlyCommitMs: 120_000,
  earlyCommitOllamaMs: 20_000,
  bodyIdleMs: 30_000,
  clientStallMs: 300_000,
  drainMs: 30_000,
};

const defaultFirstByteMs = 120_000;
const ollamaFirstByteMs = 600_000;

/**
 * Longest wait for an attempt's response headers. A configured value always holds. The default holds only
 * while another candidate is left: a long answer of the last one must not be cut and paid for twice.
 */
export const firstByteDeadlineMs = (
  configuredMs: number | undefined,
  type: ProviderType,
  isLastCandidate: boolean,
): number | undefined => {
  if (configuredMs !== undefined) return configuredMs;
  if (isLastCandidate) return undefined;
  return type === 'ollama' ? ollamaFirstByteMs : defaultFirstByteMs;
};

/** When a streaming client of the last candidate is put at ease with a 200 and pings. */
export const earlyCommitAfterMs = (deadlines: Deadlines, type: ProviderType): number =>
  type === 'ollama' ? deadlines.earlyCommitOllamaMs : deadlines.earlyCommitMs;
