/**
 * Undoes what a killed process left behind, from the record in the data folder: a set-up whose relay is gone is
 * given back, a set-up that never reached its file is forgotten. What the user changed since stays.
 */
import { join } from 'node:path';
import type { Clock } from '../ports.ts';
import type { Refused } from './file-failure.ts';
import { findLeftovers, removeLeftovers } from './leftovers.ts';
import { applyRestore, planRestore, type RestorePlan } from './restore.ts';
import { isStillRunning } from './running-process.ts';
import { withSetUpLock } from './set-up-lock.ts';
import { readRecord, type SetUpEntry } from './set-up-record.ts';
import { type SettingsLocation, showPath } from './settings-path.ts';

/** Where to look: the records of the data folder, and the settings that the user has now. */
export type RepairQuestion = {
  readonly dataFolder: string;
  readonly homeFolder: string;
  readonly settings: SettingsLocation;
};

/** One thing to repair. `orphan`: its relay is gone; `unwritten`: the file holds nothing of ours. */
type Damage = {
  readonly kind: 'orphan' | 'unwritten';
  readonly settings: SettingsLocation;
};

/** What must be repaired, and half-written copies that lie around. */
export type DamageReport = {
  readonly ok: true;
  readonly damages: readonly Damage[];
  readonly leftovers: readonly string[];
};

/** What was repaired, in sentences for the user. */
export type Repaired = { readonly ok: true; readonly lines: readonly string[] };

// Nothing is guessed about settings with a record; the relay's address plays no part.
const unknownRelay = { address: '', tokens: [] };

const planOf = (settings: SettingsLocation, dataFolder: string): Promise<RestorePlan | Refused> =>
  planRestore({ settings, dataFolder, relay: unknownRelay });

async function kindOf(
  entry: SetUpEntry,
  { settings, dataFolder }: { readonly settings: SettingsLocation; readonly dataFolder: string },
): Promise<Damage['kind'] | undefined> {
  if (entry.owner !== undefined) return (await isStillRunning(entry.owner)) ? undefined : 'orphan';
  const plan = await planOf(settings, dataFolder);
  // Settings that cannot be read, are gone or were changed since wait for the user's own `claude remove`.
  if (!plan.ok || plan.file.text === undefined || plan.kept.length > 0) return undefined;
  return plan.text === plan.file.text ? 'unwritten' : undefined;
}

/** Looks for what a killed process left behind. Writes nothing. */
export async function findDamage(question: RepairQuestion): Promise<DamageReport | Refused> {
  const { dataFolder, homeFolder } = question;
  const read = await readRecord(dataFolder);
  if (!read.ok) return read;
  const damages: Damage[] = [];
  const leftovers = [...(await findLeftovers(join(dataFolder, 'claude-set-up.json')))];
  for (const [path, entry] of Object.entries(read.record.settings)) {
    const settings = { path, shownAs: showPath(path, homeFolder) };
    const kind = await kindOf(entry, { settings, dataFolder });
    if (kind !== undefined) damages.push({ kind, settings });
  }
  for (const path of new Set([...Object.keys(read.record.settings), question.settings.path]))
    leftovers.push(...(await findLeftovers(path)));
  return { ok: true, damages, leftovers };
}

function describe({ kind, settings }: Damage, plan: RestorePlan): string {
  if (kind === 'unwritten') return `A set-up that never reached ${settings.shownAs} was forgotten.`;
  const kept = plan.kept.map((key) => ` ${key} was changed since and stays as it is.`).join('');
  if (plan.file.text === undefined)
    return `A set-up of ${settings.shownAs}, which is gone, was forgotten.${plan.entry?.backupPath ? ` Backup: ${plan.entry.backupPath}` : ''}`;
  if (plan.text === plan.file.text)
    return `The set-up of a relay that was killed was forgotten: nothing of it is left in ${settings.shownAs}.${kept}`;
  return `${settings.shownAs} was given back: a relay that was killed had left its address in it.${kept}`;
}

async function repairAll(question: RepairQuestion, epochMs: number): Promise<Repaired | Refused> {
  const { dataFolder, settings } = question;
  const report = await findDamage(question);
  if (!report.ok) return report;
  const lines: string[] = [];
  for (const damage of report.damages) {
    const plan = await planOf(damage.settings, dataFolder);
    if (!plan.ok) return plan;
    const done = await applyRestore(plan, epochMs);
    if (!done.ok) return done;
    lines.push(describe(damage, plan));
  }
  const paths = [...report.damages.map((damage) => damage.settings.path), settings.path];
  for (const path of new Set([...paths, join(dataFolder, 'claude-set-up.json')])) await removeLeftovers(path);
  return { ok: true, lines };
}

/** Repairs what a killed process left behind; without damage nothing is written, not even a lock. */
export async function repair(question: RepairQuestion, clock: Clock): Promise<Repaired | Refused> {
  const report = await findDamage(question);
  if (!report.ok) return report;
  if (report.damages.length === 0 && report.leftovers.length === 0) return { ok: true, lines: [] };
  return await withSetUpLock({ dataFolder: question.dataFolder, clock }, () =>
    repairAll(question, clock.now()),
  );
}
