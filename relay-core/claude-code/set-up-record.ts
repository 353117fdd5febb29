/**
 * What the set-up remembers of each settings file, to give it back: `claude-set-up.json` in the data folder.
 * It holds whole settings files, so it is as secret as they are (0600).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Refused } from './file-failure.ts';
import { type GuardedFile, readGuarded } from './guarded-file.ts';
import { replaceGuarded, type WriteResult } from './replace-file.ts';

const ownerSchema = z.strictObject({
  /** Random: tells this set-up from every other one. */
  id: z.string().min(1),
  pid: z.int().min(1),
  mark: z.string().nullable(),
});

const entrySchema = z.strictObject({
  /** The file before the set-up, with what the user changed since by hand; null = it did not exist. */
  originalText: z.string().nullable(),
  /** The first backup; null = there was nothing to back up. */
  backupPath: z.string().nullable(),
  /** Of the text we wrote last. */
  writtenSha256: z.string(),
  /** Per variable every value that we ever wrote; null = we removed it. */
  written: z.record(z.string(), z.array(z.string().nullable())),
  /** The relay that undoes the set-up when it ends; none = the set-up is for good. */
  owner: ownerSchema.optional(),
});

const recordSchema = z.strictObject({ version: z.literal(1), settings: z.record(z.string(), entrySchema) });

/** The running relay to which a set-up belongs. */
export type SetUpOwner = z.infer<typeof ownerSchema>;

/** What is remembered of one settings file. */
export type SetUpEntry = z.infer<typeof entrySchema>;

/** The record as it was read, with its file. */
export type SetUpRecord = {
  readonly file: GuardedFile;
  readonly settings: Readonly<Record<string, SetUpEntry>>;
};

/** The hash by which a text of ours is recognised. */
export const hashText = (text: string): string => createHash('sha256').update(text).digest('hex');

function parseRecord(text: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Reads the record; a missing one is empty, a damaged one is refused because it may hold the only originals. */
export async function readRecord(
  dataFolder: string,
): Promise<{ readonly ok: true; readonly record: SetUpRecord } | Refused> {
  const read = await readGuarded(join(dataFolder, 'claude-set-up.json'));
  if (!read.ok) return read;
  const { file } = read;
  if (file.text === undefined) return { ok: true, record: { file, settings: {} } };
  const record = parseRecord(file.text);
  if (record !== undefined) return { ok: true, record: { file, settings: record.settings } };
  const advice = 'Move it away and run again; backups of the settings lie beside settings.json.';
  return { ok: false, message: `${file.path} is damaged. ${advice}` };
}

/** Writes the record with one entry replaced, or without it. */
export function writeEntry(
  record: SetUpRecord,
  settingsPath: string,
  entry: SetUpEntry | undefined,
): Promise<WriteResult> {
  const { [settingsPath]: _, ...others } = record.settings;
  const settings = entry === undefined ? others : { ...others, [settingsPath]: entry };
  const text = `${JSON.stringify({ version: 1, settings }, undefined, 2)}\n`;
  return replaceGuarded({ ...record.file, mode: 0o600 }, text);
}
