import { join, resolve, sep } from 'node:path';
import type { Environment } from '../ports.ts';

/** Claude Code's settings file: its absolute path, and the same for people (`~` for the home folder). */
export type SettingsLocation = { readonly path: string; readonly shownAs: string };

/** Where the parts of a settings location come from. */
export type SettingsSurroundings = {
  readonly env: Environment;
  readonly homeFolder: string;
  readonly workingFolder: string;
};

/** A path as people write it: `~` for the home folder. */
export const showPath = (path: string, homeFolder: string): string =>
  path.startsWith(homeFolder + sep) ? `~${path.slice(homeFolder.length)}` : path;

/** The user's settings file: in `CLAUDE_CONFIG_DIR` if that is set, else in `~/.claude`. */
export function locateSettings(surroundings: SettingsSurroundings): SettingsLocation {
  const { env, homeFolder, workingFolder } = surroundings;
  const folder = env.CLAUDE_CONFIG_DIR || join(homeFolder, '.claude');
  const path = join(resolve(workingFolder, folder), 'settings.json');
  return { path, shownAs: showPath(path, homeFolder) };
}
