import type { Refused } from './file-failure.ts';
import { type GuardedFile, readGuarded } from './guarded-file.ts';
import { changedKeys, planChanges, type VariableChange, type Wish } from './plan-changes.ts';
import { hashText, readRecord, type SetUpEntry, type SetUpOwner, type SetUpRecord } from './set-up-record.ts';
import type { SettingsLocation } from './settings-path.ts';
import { findSettingsProblem } from './settings-text.ts';
import { findWarnings } from './settings-warnings.ts';
import { showChanges } from './show-changes.ts';
import { undoChanges } from './undo-changes.ts';

/** Which settings to set up, where the record lives, and what the settings must say. */
export type SetUpRequest = {
  readonly settings: SettingsLocation;
  readonly dataFolder: string;
  readonly wish: Wish;
  /** The relay that will undo it; undefined = it is for good. */
  readonly owner?: SetUpOwner | undefined;
};

/** A set-up that may be applied. `diff` is empty if the settings already say it all. */
export type SetUpPlan = {
  readonly ok: true;
  readonly request: SetUpRequest;
  readonly file: GuardedFile;
  readonly record: SetUpRecord;
  readonly entry: SetUpEntry;
  readonly text: string;
  readonly diff: readonly string[];
  readonly warnings: readonly string[];
  /** Whether settings and record say it all already. */
  readonly isDone: boolean;
};

/** Reads the settings and the record; a text that cannot be edited safely is refused with its position. */
export async function readSettings(
  settings: SettingsLocation,
  dataFolder: string,
): Promise<{ readonly ok: true; readonly file: GuardedFile; readonly record: SetUpRecord } | Refused> {
  const record = await readRecord(dataFolder);
  if (!record.ok) return record;
  const read = await readGuarded(settings.path);
  if (!read.ok) return read;
  const problem = findSettingsProblem(read.file.text ?? '');
  if (problem === undefined) return { ok: true, file: read.file, record: record.record };
  const where = `${settings.path}:${problem.line}:${problem.column}`;
  return {
    ok: false,
    message: `${where}: ${problem.reason}. Nothing was written; correct it and run again.`,
  };
}

function mergeWritten(
  earlier: SetUpEntry['written'],
  changes: readonly VariableChange[],
): SetUpEntry['written'] {
  const merged = { ...earlier };
  for (const { key, value } of changes) merged[key] = [...new Set([...(merged[key] ?? []), value])];
  return merged;
}

/** Computes a set-up without writing anything. A second one starts from the originals of the first. */
export async function planSetUp(request: SetUpRequest): Promise<SetUpPlan | Refused> {
  const { settings, dataFolder, wish, owner } = request;
  const read = await readSettings(settings, dataFolder);
  if (!read.ok) return read;
  const { file, record } = read;
  const earlier = record.settings[settings.path];
  const current = file.text ?? '';
  const original =
    earlier === undefined || file.text === undefined ? file.text : undoChanges(current, earlier).text;
  const { text, changes } = planChanges({ current, original: original ?? '' }, wish);
  const isSetUp = changedKeys(current, text).length === 0;
  const entry = {
    originalText: original ?? null,
    backupPath: earlier?.backupPath ?? null,
    writtenSha256: isSetUp && earlier !== undefined ? earlier.writtenSha256 : hashText(text),
    written: mergeWritten(earlier?.written ?? {}, changes),
    ...(owner === undefined ? {} : { owner }),
  };
  return {
    ...{ ok: true, request, file, record, entry },
    text: isSetUp ? current : text,
    diff: showChanges({ shownAs: settings.shownAs, before: current, after: text }),
    warnings: findWarnings(text, wish.access),
    isDone: isSetUp && earlier?.owner?.id === owner?.id,
  };
}
