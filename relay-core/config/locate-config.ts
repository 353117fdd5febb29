import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Environment } from '../ports.ts';
import { isMap } from './config-path.ts';
import { xdgFolder } from './data-folder.ts';
import { parseYaml } from './parse-yaml.ts';

/** What decides which config file is loaded. */
export type ConfigQuestion = {
  /** The value of `--config`. */
  readonly configFlag?: string | undefined;
  readonly env: Environment;
  readonly homeFolder: string;
  readonly workingFolder: string;
};

/** The config file that is loaded, whether it is there, and why it is this one. */
export type ConfigLocation = { readonly path: string; readonly exists: boolean; readonly why: string };

/** Looks at `--config`, then `./config.yaml` if it is one of ours, then the user's own config folder. */
export async function locateConfig(question: ConfigQuestion): Promise<ConfigLocation> {
  const { configFlag, workingFolder } = question;
  if (configFlag !== undefined) {
    const path = resolve(workingFolder, configFlag);
    return { path, exists: (await readText(path)) !== undefined, why: 'it was named with --config' };
  }

  const localPath = join(workingFolder, 'config.yaml');
  const localText = await readText(localPath);
  if (localText !== undefined && hasProviders(localText)) {
    return { path: localPath, exists: true, why: 'config.yaml in the working folder has providers' };
  }

  const path = userConfigPath(question);
  const skipped =
    localText === undefined
      ? ''
      : '; config.yaml in the working folder is not one of ours: it has no providers';
  const exists = (await readText(path)) !== undefined;
  return { path, exists, why: `it is in the user's config folder${skipped}` };
}

/** The config file of this user: under `XDG_CONFIG_HOME`, else `~/.config`. */
export function userConfigPath({ env, homeFolder }: Pick<ConfigQuestion, 'env' | 'homeFolder'>): string {
  return join(xdgFolder(env.XDG_CONFIG_HOME) ?? join(homeFolder, '.config'), 'cc-relay', 'config.yaml');
}

function hasProviders(text: string): boolean {
  const parsed = parseYaml(text);
  return parsed.ok && isMap(parsed.data) && Object.hasOwn(parsed.data, 'providers');
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // A file that is there but cannot be read still exists: loading it says what is wrong.
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : '';
  }
}
