import type { AskHealth, HealthAnswer } from './relay-health.ts';
import { type RelayNote, readRelayNote } from './relay-note.ts';
import { isAlive } from './running-process.ts';

/** What is known of the relay of a data folder. `mute`: its process lives, but at its address it does not answer. */
export type RelayStatus =
  | { readonly kind: 'running'; readonly note: RelayNote }
  | { readonly kind: 'none' }
  | { readonly kind: 'ended'; readonly note: RelayNote; readonly answer: HealthAnswer }
  | { readonly kind: 'mute'; readonly note: RelayNote; readonly answer: HealthAnswer };

/** Reads the relay's note and asks at its address whether a relay is there. */
export async function findRelayStatus(dataFolder: string, askHealth: AskHealth): Promise<RelayStatus> {
  const note = await readRelayNote(dataFolder);
  if (note === undefined) return { kind: 'none' };
  const answer = await askHealth(note.address);
  if (!isAlive(note.pid)) return { kind: 'ended', note, answer };
  return answer.kind === 'relay' ? { kind: 'running', note } : { kind: 'mute', note, answer };
}

/** What answers at an address, in words that follow "at … ". */
export function describeAnswer(answer: HealthAnswer): string {
  switch (answer.kind) {
    case 'relay':
      return 'another CC-Relay answers';
    case 'stranger':
      return answer.server === undefined
        ? 'another program answers'
        : `another program answers (${answer.server})`;
    case 'nobody':
      return 'nobody answers';
  }
}

/** The status in one sentence. */
export function describeStatus(status: RelayStatus): string {
  switch (status.kind) {
    case 'running': {
      const since = new Date(status.note.startedAt).toISOString().replace(/\.\d+/, '');
      return `CC-Relay is running at ${status.note.address} (process ${status.note.pid}, since ${since}).`;
    }
    case 'none':
      return 'CC-Relay is not running.';
    case 'ended': {
      const { pid, address } = status.note;
      return `CC-Relay is not running (a relay that ended without notice left the note of process ${pid}; at ${address} ${describeAnswer(status.answer)}).`;
    }
    case 'mute': {
      const { pid, address } = status.note;
      return `CC-Relay is not running (process ${pid} of its note lives, but at ${address} ${describeAnswer(status.answer)}).`;
    }
  }
}
