import { posix, win32 } from 'node:path';
import type { Environment } from '../ports.ts';

/** What decides where the relay keeps its own files. */
export type DataFolderQuestion = {
  /** The value of `--data-dir`. */
  readonly dataDir?: string | undefined;
  readonly env: Environment;
  readonly homeFolder: string;
  readonly workingFolder: string;
  readonly platform: NodeJS.Platform;
};

/** The folder for logs, `runtime.json` and recordings: `--data-dir`, else the platform's place for such files. */
export function dataFolder(question: DataFolderQuestion): string {
  const { dataDir, env, homeFolder, workingFolder, platform } = question;
  const { join, resolve } = platform === 'win32' ? win32 : posix;
  if (dataDir) return resolve(workingFolder, dataDir);
  switch (platform) {
    case 'win32':
      return join(env.LOCALAPPDATA || join(homeFolder, 'AppData', 'Local'), 'cc-relay');
    case 'darwin':
      return join(homeFolder, 'Library', 'Application Support', 'cc-relay');
    default:
      return join(xdgFolder(env.XDG_DATA_HOME) ?? join(homeFolder, '.local', 'share'), 'cc-relay');
  }
}

/** The value of an `XDG_…` variable; the XDG specification has relative ones ignored. */
export function xdgFolder(value: string | undefined): string | undefined {
  return value !== undefined && posix.isAbsolute(value) ? value : undefined;
}
