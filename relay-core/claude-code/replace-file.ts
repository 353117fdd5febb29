import { mkdir, mkdtemp, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, failure, type Refused } from './file-failure.ts';
import { type GuardedFile, readGuarded } from './guarded-file.ts';

/** A write that succeeded, or why it did not. */
export type WriteResult = { readonly ok: true } | Refused;

async function writeNew(path: string, text: string, file: GuardedFile): Promise<void> {
  const handle = await open(path, 'wx', file.mode);
  let complete = false;
  try {
    await handle.writeFile(text);
    await handle.chmod(file.mode);
    const written = await handle.stat();
    const owner = file.text === undefined ? written : await stat(file.target);
    if (owner.uid !== written.uid || owner.gid !== written.gid) await handle.chown(owner.uid, owner.gid);
    await handle.sync();
    complete = true;
  } finally {
    await handle.close();
    if (!complete) await unlink(path);
  }
}

/** Why a file may not be replaced now: someone changed it since it was read. */
async function findChange(file: GuardedFile): Promise<WriteResult> {
  const now = await readGuarded(file.path);
  if (!now.ok) return now;
  if (now.file.text === file.text && now.file.target === file.target) return { ok: true };
  return { ok: false, message: `${file.path} was changed meanwhile. Nothing was written; run again.` };
}

async function replaceThrough(folder: string, file: GuardedFile, text: string): Promise<WriteResult> {
  const temporary = join(folder, 'new');
  await writeNew(temporary, text, file);
  const unchanged = await findChange(file);
  if (unchanged.ok) await rename(temporary, file.target);
  return unchanged;
}

/** A rename would also replace a file that its owner protected against writing. */
async function confirmWritable(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.close();
}

/** Puts a new text in a file's place, whole or not at all, if the file still is what was read. Keeps mode and links. */
export async function replaceGuarded(file: GuardedFile, text: string): Promise<WriteResult> {
  try {
    const parent = dirname(file.target);
    if (file.text === undefined) await mkdir(parent, { recursive: true, mode: 0o700 });
    else await confirmWritable(file.target);
    const folder = await mkdtemp(`${file.target}.cc-relay-`);
    try {
      return await replaceThrough(folder, file, text);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    return failure(`${file.path} cannot be written`, error);
  }
}

/** Deletes a file if it still is what was read. */
export async function deleteGuarded(file: GuardedFile): Promise<WriteResult> {
  try {
    const unchanged = await findChange(file);
    if (unchanged.ok) await unlink(file.target);
    return unchanged;
  } catch (error) {
    return failure(`${file.path} cannot be deleted`, error);
  }
}

/** A backup's path; `path` undefined = there was no file to back up. */
export type BackupResult = { readonly ok: true; readonly path: string | undefined } | Refused;

const stampOf = (epochMs: number): string =>
  new Date(epochMs).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');

/** Writes what was read beside the file, under a name that did not exist, with the same mode. */
export async function backUp(file: GuardedFile, epochMs: number): Promise<BackupResult> {
  if (file.text === undefined) return { ok: true, path: undefined };
  const base = `${file.path}.cc-relay-${stampOf(epochMs)}`;
  for (let copy = 1; ; copy += 1) {
    const path = copy === 1 ? `${base}.bak` : `${base}-${copy}.bak`;
    try {
      await writeNew(path, file.text, file);
      return { ok: true, path };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') return failure(`${file.path} cannot be backed up beside itself`, error);
    }
  }
}
