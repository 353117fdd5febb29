import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program behind `cc-relay`. */
export const entry = fileURLToPath(new URL('../../relay-core/cli/cc-relay.js', import.meta.url));

/** A `cc-relay` process with what it printed. */
export type RunningCommand = {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** Resolves when standard output holds a whole line, or the process ended. */
  readonly ready: Promise<string>;
};

export type CommandSetUp = {
  readonly args: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly nodeFlags?: readonly string[];
};

/** Starts the real command in a process of its own. */
export const runCommand = ({ args, env, cwd, nodeFlags = [] }: CommandSetUp): RunningCommand => {
  const child = spawn(process.execPath, [...nodeFlags, entry, ...args], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) resolve(stdout);
    });
    void exited.then(() => resolve(stdout));
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr, exited, ready };
};
