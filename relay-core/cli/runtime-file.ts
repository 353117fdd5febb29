import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder } from '../config/data-folder.ts';
import { createPrivateFolder, writePrivateFile } from '../config/private-files.ts';
import type { Logger } from '../ports.ts';
import type { CommandContext } from './command.ts';

/** How other commands find a running relay. */
export type Runtime = { readonly pid: number; readonly address: string };

/** Where the note lies and who hears that it could not be written. */
export type RuntimePlace = {
  readonly context: CommandContext;
  readonly dataDir: string | undefined;
  readonly log: Logger;
};

const runtimePath = ({ context, dataDir }: RuntimePlace): string =>
  join(dataFolder({ ...context, dataDir }), 'runtime.json');

/** Writes `runtime.json` (0600). A relay without it works; it only cannot be found. */
export const noteRuntime = async (place: RuntimePlace, runtime: Runtime): Promise<void> => {
  const path = runtimePath(place);
  const folder = await createPrivateFolder(join(path, '..'));
  const written = folder.ok ? await writePrivateFile(path, `${JSON.stringify(runtime)}\n`) : folder;
  if (!written.ok) place.log.warn('runtime.json could not be written', { path, reason: written.reason });
};

/** Removes `runtime.json` if it is still this process's: another relay may have written its own since. */
export const forgetRuntime = async (place: RuntimePlace, pid: number): Promise<void> => {
  const path = runtimePath(place);
  try {
    const noted: unknown = JSON.parse(await readFile(path, 'utf8'));
    const isOurs = typeof noted === 'object' && noted !== null && 'pid' in noted && noted.pid === pid;
    if (isOurs) await rm(path, { force: true });
  } catch (error) {
    place.log.debug('runtime.json was gone already', { path, error: String(error) });
  }
};
