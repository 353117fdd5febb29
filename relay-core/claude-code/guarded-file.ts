/** A text file that is replaced only while it still is what was read, and never half-written. */
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { codeOf, failure, type Refused } from './file-failure.ts';

/** A file as it was read. `text` undefined = it does not exist; `target` is where links lead. */
export type GuardedFile = {
  readonly path: string;
  readonly target: string;
  readonly text: string | undefined;
  readonly mode: number;
};

/** A file that was read, or why it was not, in a sentence for the user. */
export type ReadResult = { readonly ok: true; readonly file: GuardedFile } | Refused;

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** Decodes strictly, so that writing the text again gives the same bytes; keeps the byte order mark. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function readMissing(path: string): Promise<ReadResult> {
  try {
    await lstat(path);
    return {
      ok: false,
      message: `${path} is a link to a file that does not exist. Remove the link or create the file, then run again.`,
    };
  } catch (error) {
    if (!isMissing(error)) return failure(`${path} cannot be read`, error);
    return { ok: true, file: { path, target: path, text: undefined, mode: 0o600 } };
  }
}

/** Reads a UTF-8 file, following links; a missing file is a result, an unreadable one a refusal. */
export async function readGuarded(path: string): Promise<ReadResult> {
  try {
    const target = await realpath(path);
    const text = decode(await readFile(target));
    if (text === undefined) {
      return { ok: false, message: `${path} is not UTF-8 text. Save it as UTF-8, then run again.` };
    }
    return { ok: true, file: { path, target, text, mode: (await stat(target)).mode & 0o7777 } };
  } catch (error) {
    return isMissing(error) ? readMissing(path) : failure(`${path} cannot be read`, error);
  }
}
