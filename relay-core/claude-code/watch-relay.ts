import type { Clock } from '../ports.ts';
import { isManagedBy, type ManagedSetUp, undoManaged } from './managed-set-up.ts';
import { pause } from './pause.ts';
import { isAlive, isMarkCheap, isStillRunning, type ProcessIdentity } from './running-process.ts';

/** The set-up to watch over and the relay that must live for it. */
export type Watch = ManagedSetUp & { readonly relay: ProcessIdentity };

const lookEveryMs = 250;
const roundsPerRecordCheck = 4;
const roundsPerMarkCheck = 40;
/** The watcher starts before the set-up is written: so long it may be missing. */
const graceRounds = 120;
const patienceMs = 60_000;

async function isGone(relay: ProcessIdentity, round: number): Promise<boolean> {
  if (!isAlive(relay.pid)) return true;
  const isDue = isMarkCheap || round % roundsPerMarkCheck === 0;
  return isDue && !(await isStillRunning(relay));
}

/**
 * Waits until the relay is gone and undoes the set-up if it is still there and still that relay's. Ends without
 * doing anything once somebody else has taken the settings over.
 */
export async function watchRelay(watch: Watch, clock: Clock): Promise<void> {
  let wasSeen = false;
  for (let round = 0; !(await isGone(watch.relay, round)); round += 1) {
    if (round % roundsPerRecordCheck === 0) {
      const isOurs = await isManagedBy(watch);
      if (!isOurs && (wasSeen || round > graceRounds)) return;
      wasSeen = wasSeen || isOurs;
    }
    await pause(clock, lookEveryMs);
  }
  if (await isManagedBy(watch)) await undoManaged(watch, { clock, patienceMs });
}
