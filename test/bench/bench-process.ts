import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A process of the bench that listens on loopback. */
export type BenchProcess = {
  readonly pid: number;
  readonly origin: string;
  /** Ends it, politely at first; resolves when it is gone. */
  stop(): Promise<void>;
};

const startMs = 15_000;
const politeMs = 5_000;

/** Starts `node <args>` and resolves once it says where it listens; rejects when it does not in time. */
export const startProcess = async (args: readonly string[]): Promise<BenchProcess> => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Whatever ends the bench ends its processes too.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  try {
    const origin = await readOrigin(child.stdout);
    if (origin === undefined || child.pid === undefined)
      throw new Error(`node ${args.join(' ')} ended before it listened`);
    return { pid: child.pid, origin, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
};

const readOrigin = async (output: Readable): Promise<string | undefined> => {
  const lines = createInterface({ input: output });
  const timer = setTimeout(() => lines.close(), startMs);
  try {
    for await (const line of lines) {
      const origin = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (origin !== undefined) return origin;
    }
    return undefined;
  } finally {
    clearTimeout(timer);
    lines.close();
    output.resume();
  }
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), politeMs);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(timer);
};
