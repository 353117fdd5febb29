import type { Clock, Environment, Random } from '../ports.ts';

/** Tells when the process was asked to stop (SIGTERM, SIGINT), every time, and when it is about to be gone. */
export type StopSignals = { onStop(listener: () => void): void; onExit(listener: () => void): void };

/** What a command may touch. Commands read no globals, so tests run them in any home they like. */
export type CommandContext = {
  /** The words after the command's own name. */
  readonly args: readonly string[];
  readonly env: Environment;
  readonly homeFolder: string;
  readonly workingFolder: string;
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  /** True when people read standard error directly. */
  readonly isTerminal: boolean;
  readonly signals: StopSignals;
  readonly clock: Clock;
  readonly random: Random;
  /** Writes one line to standard output. */
  print(line: string): void;
  /** Writes one line to standard error. */
  warn(line: string): void;
};

/** Runs one command; resolves with the exit code: 0 done, 1 refused or failed, 2 wrong usage or cannot start. */
export type Command = (context: CommandContext) => Promise<number> | number;
