/**
 * Only one process at a time changes Claude Code's settings and the record of them: `claude-set-up.lock` in the
 * data folder names it. A lock whose process is gone is taken over.
 */
import { mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { z } from 'zod';
import type { Clock } from '../ports.ts';
import { codeOf, failure, type Refused } from './file-failure.ts';
import { pause } from './pause.ts';
import { identify, isStillRunning, type ProcessIdentity } from './running-process.ts';

const holderSchema = z.strictObject({ pid: z.int().min(1), mark: z.string().nullable() });

const patienceMs = 5_000;
const lookAgainMs = 25;
/** A lock that says nothing was just made, or its maker died before the first word. */
const silentLockMs = 2_000;

function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function tryToLock(path: string, holder: ProcessIdentity): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(JSON.stringify(holder)).finally(() => handle.close());
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a lock away whose process is gone. */
async function breakDeadLock(path: string, epochMs: number): Promise<void> {
  try {
    const text = await readFile(path, 'utf8');
    const holder = parseHolder(text);
    const isHeld =
      holder === undefined
        ? epochMs - (await stat(path)).mtimeMs < silentLockMs
        : await isStillRunning(holder);
    if (isHeld) return;
    // Renamed first: of several that find it dead, one gets it.
    const grave = `${path}.${pid}`;
    await rename(path, grave);
    const isTheDeadOne = (await readFile(grave, 'utf8')) === text;
    await (isTheDeadOne ? rm(grave) : rename(grave, path));
  } catch (error) {
    // Somebody else was quicker.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function lock(path: string, clock: Clock): Promise<{ readonly ok: true } | Refused> {
  const holder = await identify(pid);
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookAgainMs) {
    if (await tryToLock(path, holder)) return { ok: true };
    await breakDeadLock(path, clock.now());
    await pause(clock, lookAgainMs);
  }
  return {
    ok: false,
    message: `Another cc-relay is changing Claude Code's settings. Run again in a moment; if none is, delete ${path}.`,
  };
}

/** Does something while no other cc-relay changes the settings; refuses when another one does not finish. */
export async function withSetUpLock<Result>(
  { dataFolder, clock }: { readonly dataFolder: string; readonly clock: Clock },
  act: () => Promise<Result>,
): Promise<Result | Refused> {
  const path = join(dataFolder, 'claude-set-up.lock');
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o700 });
    const locked = await lock(path, clock);
    if (!locked.ok) return locked;
  } catch (error) {
    return failure(`${path} cannot be written`, error);
  }
  try {
    return await act();
  } finally {
    await unlink(path).catch(() => undefined);
  }
}
