import type { Refused } from './file-failure.ts';
import type { SetUpPlan } from './plan-set-up.ts';
import { type TokenPlan, undoToken, writeToken } from './relay-token.ts';
import { backUp, replaceGuarded } from './replace-file.ts';
import { readRecord, writeEntry } from './set-up-record.ts';

/** What was written; `backupPath` undefined = there was nothing to back up. */
export type SetUpDone = { readonly ok: true; readonly backupPath: string | undefined };

/** What is written together: the settings, and the config if a new relay token belongs into it. */
export type SetUpWrites = { readonly plan: SetUpPlan; readonly newToken: TokenPlan | undefined };

const nothingToBackUp = { ok: true, path: undefined } as const;

// In this order, so that no crash loses an original.
async function applySettings(plan: SetUpPlan, epochMs: number): Promise<SetUpDone | Refused> {
  const { settings, dataFolder } = plan.request;
  if (plan.isDone) return { ok: true, backupPath: undefined };
  const isWritten = plan.text === plan.file.text;
  const backup = isWritten ? nothingToBackUp : await backUp(plan.file, epochMs);
  if (!backup.ok) return backup;
  const entry = { ...plan.entry, backupPath: plan.entry.backupPath ?? backup.path ?? null };
  const recorded = await writeEntry(plan.record, settings.path, entry);
  if (!recorded.ok) return recorded;
  if (isWritten) return { ok: true, backupPath: undefined };
  const written = await replaceGuarded(plan.file, plan.text);
  if (written.ok) return { ok: true, backupPath: backup.path };
  const again = await readRecord(dataFolder);
  if (!again.ok) return again;
  const undone = await writeEntry(again.record, settings.path, plan.record.settings[settings.path]);
  return undone.ok ? written : undone;
}

/** Writes backup, record and settings, and before them the config with a new token: all of it or nothing. */
export async function applySetUp(
  { plan, newToken }: SetUpWrites,
  epochMs: number,
): Promise<SetUpDone | Refused> {
  if (newToken === undefined) return applySettings(plan, epochMs);
  const configured = await writeToken(newToken);
  if (!configured.ok) return configured;
  const done = await applySettings(plan, epochMs);
  if (done.ok) return done;
  const undone = await undoToken(newToken);
  return undone.ok ? done : { ok: false, message: `${done.message}\n${undone.message}` };
}
