import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { kill, platform } from 'node:process';
import { promisify } from 'node:util';
import { codeOf } from './file-failure.ts';

/**
 * One process, and no later one under the same number. `mark` is its start as the system tells it; null = the
 * system was not asked or does not tell, then the number alone must do.
 */
export type ProcessIdentity = { readonly pid: number; readonly mark: string | null };

/** Whether a process of this number exists; a Linux process that is dead but not yet collected counts too. */
export function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it lives.
    return codeOf(error) === 'EPERM';
  }
}

const run = promisify(execFile);
const psLimitMs = 2_000;

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) !== '') return '';
    throw error;
  }
}

/** Ticks since a boot, with the boot: neither is unique without the other. */
async function markOnLinux(pid: number): Promise<string | null | undefined> {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  if (stat === '') return isAlive(pid) ? null : undefined;
  // The program's name stands in parentheses and may contain anything.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const boot = await readOrEmpty('/proc/sys/kernel/random/boot_id');
  return `${boot.trim()}/${fields[18]}`;
}

async function markOnMac(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { timeout: psLimitMs });
    return stdout.trim() || null;
  } catch {
    // Without `ps` there is still the number.
    return null;
  }
}

/** Whether `isStillRunning` may be asked several times a second. */
export const isMarkCheap = platform === 'linux';

/** The start of a process as the system tells it; null = it does not tell, undefined = no such process. */
async function markOf(pid: number): Promise<string | null | undefined> {
  if (platform === 'linux') return await markOnLinux(pid);
  if (!isAlive(pid)) return undefined;
  return platform === 'darwin' ? await markOnMac(pid) : null;
}

/** What tells a living process from a later one with its number. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  return { pid, mark: (await markOf(pid)) ?? null };
}

/** Whether the very process still runs. */
export async function isStillRunning({ pid, mark }: ProcessIdentity): Promise<boolean> {
  const now = await markOf(pid);
  return now !== undefined && (now === null || mark === null || now === mark);
}
