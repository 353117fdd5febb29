import { readdir, readFile } from 'node:fs/promises';
import { codeOf } from '../file-failure.ts';

/** A file's text; undefined = there is none that this user may read. */
export async function readQuietly(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) !== '') return undefined;
    throw error;
  }
}

/** The names in a folder; empty = there is none that this user may list. */
export async function listQuietly(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) !== '') return [];
    throw error;
  }
}
