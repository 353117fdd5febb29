import { mkdir } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';

/** Whether something was written, or why not, in words for the user. */
export type WriteResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Creates a folder that only this user can enter (0700), with its parents; an existing one stays as it is. */
export function createPrivateFolder(path: string): Promise<WriteResult> {
  return attempt(() => mkdir(path, { recursive: true, mode: 0o700 }), 'the folder cannot be created');
}

/** Writes a file that only this user can read (0600), whole or not at all. */
export function writePrivateFile(path: string, text: string): Promise<WriteResult> {
  return attempt(() => writeFileAtomic(path, text, { mode: 0o600 }), 'the file cannot be written');
}

async function attempt(write: () => Promise<unknown>, failure: string): Promise<WriteResult> {
  try {
    await write();
    return { ok: true };
  } catch (error) {
    // Only the file system's own refusals are expected here.
    if (!(error instanceof Error && 'code' in error)) throw error;
    return { ok: false, reason: `${failure} (${String(error.code)})` };
  }
}
