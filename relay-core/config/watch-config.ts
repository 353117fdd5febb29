import { stat } from 'node:fs/promises';
import type { Clock } from '../ports.ts';

/**
 * Looking is asked for at this pace: what takes effect must do so within a second, after it has been seen twice alike.
 * File events would not do: they end at the first atomic rename, and never tell of a swapped symbolic link above.
 */
const lookEveryMs = 300;

/** What tells one state of a file from another, links followed; the same text = nothing happened. */
export async function fileState(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return 'absent';
  }
}

/** Watches one file until `close`. */
export type ConfigWatch = { close(): void };

/** The file to watch. `state`: what `fileState` said before it was read, so that nothing is missed in between. */
export type WatchedFile = { readonly path: string; readonly state: string };

/**
 * Calls back once for each change of the file that has come to rest: edits in place, atomic renames, swapped links.
 * A file that is gone is no change; what takes its place is.
 */
export function watchConfig({ path, state }: WatchedFile, clock: Clock, onChange: () => void): ConfigWatch {
  let known = state;
  let seen = known;
  let isClosed = false;
  const look = async () => {
    const now = await fileState(path);
    if (isClosed) return;
    const hasSettled = now === seen && now !== known && now !== 'absent';
    seen = now;
    if (hasSettled) {
      known = now;
      onChange();
    }
    timer.refresh();
  };
  const timer = clock.startTimer(lookEveryMs, () => void look());
  return {
    close: () => {
      isClosed = true;
      timer.cancel();
    },
  };
}
