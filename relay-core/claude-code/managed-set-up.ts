/** A set-up that belongs to a running relay and ends with it. */
import type { Clock } from '../ports.ts';
import { applySetUp } from './apply-set-up.ts';
import type { Refused } from './file-failure.ts';
import { removeLeftovers } from './leftovers.ts';
import { pause } from './pause.ts';
import { planSetUp, type SetUpPlan, type SetUpRequest } from './plan-set-up.ts';
import { applyRestore, planRestore } from './restore.ts';
import { withSetUpLock } from './set-up-lock.ts';
import { readRecord, type SetUpOwner } from './set-up-record.ts';
import type { SettingsLocation } from './settings-path.ts';

/** Which set-up: its settings, its record and the id of the relay it belongs to. */
export type ManagedSetUp = {
  readonly settings: SettingsLocation;
  readonly dataFolder: string;
  readonly ownerId: string;
};

/** What became of an undoing; `not-ours` = another relay or the user has taken the settings over. */
export type Undone = { readonly ok: true; readonly kind: 'undone' | 'not-ours' } | Refused;

/** Sets up for a relay that is going to undo it; takes the settings over from any other one. */
export function setUpManaged(
  request: SetUpRequest & { readonly owner: SetUpOwner },
  clock: Clock,
): Promise<SetUpPlan | Refused> {
  return withSetUpLock({ dataFolder: request.dataFolder, clock }, async () => {
    const plan = await planSetUp(request);
    if (!plan.ok) return plan;
    const done = await applySetUp({ plan, newToken: undefined }, clock.now());
    return done.ok ? plan : done;
  });
}

/** Whether the record still gives the settings to this relay. */
export async function isManagedBy({ settings, dataFolder, ownerId }: ManagedSetUp): Promise<boolean> {
  const read = await readRecord(dataFolder);
  // A record that cannot be read is asked again before anything is done.
  return !read.ok || read.record.settings[settings.path]?.owner?.id === ownerId;
}

async function undoOnce({ settings, dataFolder, ownerId }: ManagedSetUp, epochMs: number): Promise<Undone> {
  const plan = await planRestore({ settings, dataFolder, relay: { address: '', tokens: [] } });
  if (!plan.ok) return plan;
  if (plan.entry?.owner?.id !== ownerId) return { ok: true, kind: 'not-ours' };
  const done = await applyRestore(plan, epochMs);
  await removeLeftovers(settings.path);
  return done.ok ? { ok: true, kind: 'undone' } : done;
}

const tryAgainMs = 500;

/** Undoes the set-up if it still is this relay's; tries again for a while when a half-typed edit is in the way. */
export async function undoManaged(
  setUp: ManagedSetUp,
  { clock, patienceMs }: { readonly clock: Clock; readonly patienceMs: number },
): Promise<Undone> {
  const { dataFolder } = setUp;
  for (let waitedMs = 0; ; waitedMs += tryAgainMs) {
    const undone = await withSetUpLock({ dataFolder, clock }, () => undoOnce(setUp, clock.now()));
    if (undone.ok || waitedMs >= patienceMs) return undone;
    await pause(clock, tryAgainMs);
  }
}
