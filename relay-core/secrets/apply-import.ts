import { rm } from 'node:fs/promises';
import type { GuardedFile } from '../claude-code/guarded-file.ts';
import { backUp, replaceGuarded } from '../claude-code/replace-file.ts';
import type { SecretStore } from '../ports.ts';
import type { ImportPlan, KeyMove } from './plan-import.ts';

/** An import that was done, or why the config is still as it was. */
export type AppliedImport =
  | { readonly ok: true; readonly backupPath: string | undefined }
  | { readonly ok: false; readonly message: string };

type ImportStep = { readonly file: GuardedFile; readonly plan: ImportPlan; readonly store: SecretStore };

/**
 * Puts every key into the store and reads it back before the config changes, and then changes it in one step: whatever
 * breaks off in between, each key is still in the config.
 */
export async function applyImport(
  { file, plan, store }: ImportStep,
  epochMs: number,
): Promise<AppliedImport> {
  for (const move of plan.moves) {
    const fault = await keep(store, move);
    if (fault !== undefined) return { ok: false, message: `${move.name}: ${fault} The config is unchanged.` };
  }
  // The backup holds the plain keys, so only its owner may read it, whoever may read the config.
  const backup = await backUp({ ...file, mode: 0o600 }, epochMs);
  if (!backup.ok) return backup;
  const written = await replaceGuarded(file, plan.text);
  if (!written.ok && backup.path !== undefined) await rm(backup.path, { force: true });
  return written.ok ? { ok: true, backupPath: backup.path } : written;
}

/** Keeps one key and checks that it can be read again; resolves with what went wrong, as a sentence. */
async function keep(store: SecretStore, { name, value }: KeyMove): Promise<string | undefined> {
  const written = await store.write(name, value);
  if (written.kind === 'unavailable') return `${written.reason}. ${written.remedy}`;
  const read = await store.read(name);
  switch (read.kind) {
    case 'unavailable':
      return `${read.reason}. ${read.remedy}`;
    case 'missing':
      return 'the key chain took the key but does not give it back.';
    case 'ok':
      return read.value === value ? undefined : 'the key chain gives back another value.';
  }
}
