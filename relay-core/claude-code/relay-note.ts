/** What a running relay leaves in the data folder so that other commands find it: `runtime.json`. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from './file-failure.ts';
import { addressOf, bareHost } from './relay-address.ts';
import { isAlive } from './running-process.ts';

const noteSchema = z.looseObject({ pid: z.int().min(1), address: z.string().min(1) });

/** The note of a relay. `address` is the one that clients on this computer use; `startedAt` is epoch milliseconds. */
export type RelayNote = { readonly pid: number; readonly address: string; readonly startedAt: number };

function parseNote(text: string): z.infer<typeof noteSchema> | undefined {
  try {
    return noteSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function clientAddress(noted: string): string | undefined {
  const url = URL.parse(noted.includes('://') ? noted : `http://${noted}`);
  if (url === null) return undefined;
  if (url.protocol === 'https:') return url.origin;
  return addressOf({ host: bareHost(url), port: Number(url.port || 80) });
}

/** Reads the note; undefined = there is none that could be used. Whether its relay still runs is another question. */
export async function readRelayNote(dataFolder: string): Promise<RelayNote | undefined> {
  const path = join(dataFolder, 'runtime.json');
  try {
    const noted = parseNote(await readFile(path, 'utf8'));
    const address = noted === undefined ? undefined : clientAddress(noted.address);
    if (noted === undefined || address === undefined) return undefined;
    // The note is written once, when the relay starts.
    return { pid: noted.pid, address, startedAt: Math.round((await stat(path)).mtimeMs) };
  } catch (error) {
    // Without the note, or without access to it, the config's address is the best there is.
    if (codeOf(error) !== '') return undefined;
    throw error;
  }
}

/** The address of the relay that runs now, as its note in the data folder says; undefined = none runs. */
export async function findRunningAddress(dataFolder: string): Promise<string | undefined> {
  const note = await readRelayNote(dataFolder);
  return note !== undefined && isAlive(note.pid) ? note.address : undefined;
}
