import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../file-failure.ts';
import { showPath } from '../settings-path.ts';
import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';
import { listQuietly } from './read-quietly.ts';

async function isOpen(path: string): Promise<boolean> {
  try {
    const stats = await stat(path);
    return stats.isFile() && (stats.mode & 0o077) !== 0;
  } catch (error) {
    // It is gone by now.
    if (codeOf(error) !== '') return false;
    throw error;
  }
}

/** Whether only this user can read what the relay keeps. */
export async function checkDataFolder({ question }: Findings): Promise<readonly Check[]> {
  const report = reporter('data folder');
  const { dataFolder, platform, homeFolder } = question;
  // Windows reports the same mode for every file; the profile folder is private there.
  if (platform === 'win32') return [report.ok(dataFolder)];
  const names = await listQuietly(dataFolder);
  const open: string[] = [];
  for (const name of names) if (await isOpen(join(dataFolder, name))) open.push(name);
  const shownAs = showPath(dataFolder, homeFolder);
  if (open.length === 0) return [report.ok(`${shownAs} is private.`)];
  const finding = `Other users can read ${open.join(', ')} in ${shownAs}.`;
  return [report.problem(finding, `Allow only yourself: chmod -R go-rwx "${dataFolder}"`)];
}
