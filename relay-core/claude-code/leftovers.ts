/** Half-written copies that a killed process left beside a file: `FILE.cc-relay-XXXXXX/new`, which nothing refers to. */
import { readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from './file-failure.ts';

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) !== '') return [];
    throw error;
  }
}

async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== '') return path;
    throw error;
  }
}

async function isCopy(folder: string): Promise<boolean> {
  try {
    const names = await readdir(folder);
    return names.every((name) => name === 'new');
  } catch (error) {
    // A file of that name is somebody else's.
    if (codeOf(error) !== '') return false;
    throw error;
  }
}

/** The half-written copies beside a file. */
export async function findLeftovers(path: string): Promise<readonly string[]> {
  const target = await targetOf(path);
  const start = `${basename(target)}.cc-relay-`;
  const found: string[] = [];
  for (const name of await namesIn(dirname(target))) {
    const folder = join(dirname(target), name);
    const isNamedSo = name.startsWith(start) && /^\w{6}$/.test(name.slice(start.length));
    if (isNamedSo && (await isCopy(folder))) found.push(folder);
  }
  return found;
}

/** Deletes the half-written copies beside a file. Only while no other cc-relay writes. */
export async function removeLeftovers(path: string): Promise<number> {
  const found = await findLeftovers(path);
  // What cannot be deleted is found again next time.
  for (const folder of found) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  return found.length;
}
