import { publicPlaceholder } from '../config/placeholder-token.ts';
import { removeProperty } from './edit-json.ts';
import type { Refused } from './file-failure.ts';
import { type GuardedFile, readGuarded } from './guarded-file.ts';
import { readObject } from './json-text.ts';
import type { ManagedKey } from './managed-keys.ts';
import { readSettings } from './plan-set-up.ts';
import { isLoopbackAddress, isSameRelay } from './relay-address.ts';
import { backUp, deleteGuarded, replaceGuarded } from './replace-file.ts';
import { hashText, type SetUpEntry, type SetUpRecord, writeEntry } from './set-up-record.ts';
import type { SettingsLocation } from './settings-path.ts';
import { readEnv, removeVariable } from './settings-text.ts';
import { showChanges } from './show-changes.ts';
import { undoChanges } from './undo-changes.ts';

/** The relay as its config describes it: what is ours in settings of which there is no record. */
type KnownRelay = { readonly address: string; readonly tokens: readonly string[] };

/** Which settings to give back, and where the record lives. */
export type RestoreRequest = {
  readonly settings: SettingsLocation;
  readonly dataFolder: string;
  readonly relay: KnownRelay;
};

/** What giving back would do. `text` undefined = no file; equal to the file's = nothing to remove. */
export type RestorePlan = {
  readonly ok: true;
  readonly file: GuardedFile;
  readonly record: SetUpRecord;
  readonly entry: SetUpEntry | undefined;
  readonly text: string | undefined;
  readonly diff: readonly string[];
  /** Variables of ours that the user changed since; they stay. */
  readonly kept: readonly ManagedKey[];
  /** Whether the base URL leads to this computer even then, as before the set-up. */
  readonly stillPointsHere: boolean;
};

/** Without a record only what is certainly ours goes. */
function removeKnown(text: string, relay: KnownRelay): string {
  const env = readEnv(text);
  const address = env.get('ANTHROPIC_BASE_URL')?.text ?? '';
  const token = env.get('ANTHROPIC_AUTH_TOKEN')?.text ?? '';
  const withoutAddress = isSameRelay(address, relay.address)
    ? removeVariable(text, 'ANTHROPIC_BASE_URL')
    : text;
  const isOurToken = token === publicPlaceholder || relay.tokens.includes(token);
  const removed = isOurToken ? removeVariable(withoutAddress, 'ANTHROPIC_AUTH_TOKEN') : withoutAddress;
  const isEmptied = removed !== text && readObject(removed, ['env'])?.properties.length === 0;
  return isEmptied ? removeProperty(removed, [], { key: 'env' }) : removed;
}

/** Computes how the settings are given back, without writing anything. */
export async function planRestore(request: RestoreRequest): Promise<RestorePlan | Refused> {
  const { settings, dataFolder, relay } = request;
  const read = await readSettings(settings, dataFolder);
  if (!read.ok) return read;
  const { file, record } = read;
  const entry = record.settings[settings.path];
  const plan = { ok: true, file, record, entry } as const;
  if (file.text === undefined) {
    return { ...plan, text: undefined, diff: [], kept: [], stillPointsHere: false };
  }
  const unrecorded = { text: removeKnown(file.text, relay), kept: [] };
  const { text, kept } = entry === undefined ? unrecorded : undoChanges(file.text, entry);
  const diff = showChanges({ shownAs: settings.shownAs, before: file.text, after: text ?? '' });
  const address = readEnv(text ?? '').get('ANTHROPIC_BASE_URL')?.text ?? '';
  const stillPointsHere = isLoopbackAddress(address) && !kept.includes('ANTHROPIC_BASE_URL');
  return { ...plan, text, diff, kept, stillPointsHere };
}

/** Whether the file is word for word what a relay wrote that manages it. */
const isOurText = ({ file, entry }: RestorePlan): boolean =>
  entry?.owner !== undefined && file.text !== undefined && hashText(file.text) === entry.writtenSha256;

async function writeBack(plan: RestorePlan, epochMs: number): Promise<{ ok: true } | Refused> {
  const { file, text } = plan;
  if (text === file.text) return { ok: true };
  // Nothing of the user's is in a file that goes: it held our variables only.
  if (text === undefined) return deleteGuarded(file);
  if (isOurText(plan)) return replaceGuarded(file, text);
  const backup = await backUp(file, epochMs);
  return backup.ok ? replaceGuarded(file, text) : backup;
}

/** A relay that manages the settings makes a backup at every start: one that equals the file is one too many. */
async function dropBackup({ entry, text }: RestorePlan): Promise<void> {
  if (entry?.owner === undefined || entry.backupPath === null) return;
  const backup = await readGuarded(entry.backupPath);
  // Where it cannot be deleted there is a copy more, nothing worse.
  if (backup.ok && backup.file.text !== undefined && backup.file.text === text)
    await deleteGuarded(backup.file);
}

/** Gives the settings back, then forgets them. */
export async function applyRestore(
  plan: RestorePlan,
  epochMs: number,
): Promise<{ readonly ok: true } | Refused> {
  const written = await writeBack(plan, epochMs);
  if (!written.ok || plan.entry === undefined) return written;
  const forgotten = await writeEntry(plan.record, plan.file.path, undefined);
  if (forgotten.ok) await dropBackup(plan);
  return forgotten;
}
