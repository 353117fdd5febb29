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

/** Why no secret can be kept or read now, and what the user can do about it: one sentence each, without values. */
export type SecretsUnavailable = {
  readonly kind: 'unavailable';
  readonly reason: string;
  readonly remedy: string;
};

/** A secret that was looked up. */
export type SecretRead =
  | { readonly kind: 'ok'; readonly value: string }
  | { readonly kind: 'missing' }
  | SecretsUnavailable;

/** A secret that was kept, in place of an older one of the same name. */
type SecretWrite = { readonly kind: 'ok' } | SecretsUnavailable;

/** A secret that was deleted, or was not there. */
type SecretRemoval = { readonly kind: 'ok' } | { readonly kind: 'missing' } | SecretsUnavailable;

/** The names of all secrets, in alphabetical order. */
type SecretList = { readonly kind: 'ok'; readonly names: readonly string[] } | SecretsUnavailable;

/** Where keys are kept. No call throws, none logs a value, and each ends within its time limit. */
export type SecretStore = {
  /** `memory` = kept until the process ends: hosts say so. */
  readonly kind: 'key-chain' | 'memory';
  read(name: string): Promise<SecretRead>;
  write(name: string, value: string): Promise<SecretWrite>;
  remove(name: string): Promise<SecretRemoval>;
  list(): Promise<SecretList>;
};
