import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Watch } from '../claude-code/watch-relay.ts';
import type { Environment } from '../ports.ts';

const entry = fileURLToPath(new URL('./watch-claude.ts', import.meta.url));

// No NODE_OPTIONS, and no secrets in a process that needs none.
const neededVariables = ['PATH', 'HOME', 'SystemRoot', 'TEMP', 'TMP'];

export type WatcherStart = {
  readonly watch: Watch;
  readonly env: Environment;
  /** Called with the system's code when there is no watcher. */
  onFailure(code: string): void;
};

/** Starts the watcher so that neither the relay's end nor its terminal's takes it along. */
export const startWatcher = ({ watch, env, onFailure }: WatcherStart): void => {
  const child = spawn(execPath, [entry, JSON.stringify(watch)], {
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
    env: Object.fromEntries(neededVariables.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  });
  child.once('error', (error) => onFailure('code' in error ? String(error.code) : error.name));
  child.unref();
};
