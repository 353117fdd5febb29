/** What the engine asks of the outside. Hosts hand these in; tests hand in their own. */

/** A running timer. `refresh` starts its whole duration again. */
export type Timer = { refresh(): unknown; cancel(): void };

/** Time. `now` is epoch milliseconds; `monotonic` milliseconds that never jump, for durations. */
export type Clock = {
  now(): number;
  monotonic(): number;
  startTimer(durationMs: number, onFire: () => void): Timer;
};

/** Randomness for ids: `bytes` is cryptographically strong. */
export type Random = { bytes(length: number): Uint8Array };

/** Facts for a log line. Only values built by the relay go in: never headers, bodies or credentials. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where log lines go. */
export type Logger = {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
};

/** The process environment, as a snapshot: variables for `${…}`, proxy settings, folders. */
export type Environment = Readonly<Record<string, string | undefined>>;
