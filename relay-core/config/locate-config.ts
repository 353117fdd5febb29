import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Environment } from '../ports.ts';
import { isMap } from './config-path.ts';
import { xdgFolder } from './data-folder.ts';
import { formatOf, parseConfigText } from './parse-config-text.ts';

/** What decides which config file is loaded. */
export type ConfigQuestion = {
  /** The value of `--config`. */
  readonly configFlag?: string | undefined;
  readonly env: Environment;
  readonly homeFolder: string;
  readonly workingFolder: string;
};

/** The config file that is loaded, whether it is there, and why it is this one. */
export type ConfigLocation = {
  readonly path: string;
  readonly exists: boolean;
  readonly why: string;
  /** What else was found and is not read, in a sentence; undefined = nothing. */
  readonly notice: string | undefined;
};

/** What a folder holds of ours, the first being the one that counts. */
type FoundFiles = readonly { readonly name: string; readonly path: string; readonly text: string }[];

/** In one folder the first of these is loaded. */
const fileNames = ['config.yaml', 'config.yml', 'config.toml'];

/** Looks at `--config`, then the working folder's config if it is one of ours, then the user's own config folder. */
export async function locateConfig(question: ConfigQuestion): Promise<ConfigLocation> {
  const { configFlag, workingFolder } = question;
  if (configFlag !== undefined) {
    const path = resolve(workingFolder, configFlag);
    const exists = (await readText(path)) !== undefined;
    return { path, exists, why: 'it was named with --config', notice: undefined };
  }

  const local = await findFiles(workingFolder);
  const ours = local.filter(({ path, text }) => hasProviders(path, text));
  const [first] = ours;
  if (first !== undefined) {
    const why = `${first.name} in the working folder has providers`;
    return { path: first.path, exists: true, why, notice: describeOthers(ours) };
  }

  const own = await findFiles(userConfigFolder(question));
  const path = own[0]?.path ?? userConfigPath(question);
  const why = `it is in the user's config folder${describeSkipped(local)}`;
  return { path, exists: own.length > 0, why, notice: describeOthers(own) };
}

/** The config file of this user that is written when there is none: under `XDG_CONFIG_HOME`, else `~/.config`. */
export function userConfigPath(question: Pick<ConfigQuestion, 'env' | 'homeFolder'>): string {
  return join(userConfigFolder(question), 'config.yaml');
}

function userConfigFolder({ env, homeFolder }: Pick<ConfigQuestion, 'env' | 'homeFolder'>): string {
  return join(xdgFolder(env.XDG_CONFIG_HOME) ?? join(homeFolder, '.config'), 'cc-relay');
}

async function findFiles(folder: string): Promise<FoundFiles> {
  const read = await Promise.all(
    fileNames.map(async (name) => ({
      name,
      path: join(folder, name),
      text: await readText(join(folder, name)),
    })),
  );
  return read.flatMap(({ name, path, text }) => (text === undefined ? [] : [{ name, path, text }]));
}

function describeOthers([first, ...others]: FoundFiles): string | undefined {
  if (first === undefined || others.length === 0) return undefined;
  const names = others.map(({ path }) => path).join(' and ');
  return `${names} ${others.length === 1 ? 'is' : 'are'} not read: ${first.name} beside it comes first`;
}

function describeSkipped(local: FoundFiles): string {
  if (local.length === 0) return '';
  const names = local.map(({ name }) => name).join(' and ');
  return `; ${names} in the working folder is not one of ours: it has no providers`;
}

function hasProviders(path: string, text: string): boolean {
  const parsed = parseConfigText(text, formatOf(path) ?? 'yaml');
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
