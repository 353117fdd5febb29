import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config, ConfigResult } from '../config/config.ts';
import { defaultConfigText } from '../config/default-config.ts';
import { formatProblem } from '../config/format-problem.ts';
import { keychainNames } from '../config/keychain-names.ts';
import { loadConfigFile, readConfig } from '../config/load-config.ts';
import { locateConfig } from '../config/locate-config.ts';
import { formatOf } from '../config/parse-config-text.ts';
import { createPrivateFolder, writePrivateFile } from '../config/private-files.ts';
import { fileState, type WatchedFile } from '../config/watch-config.ts';
import type { CommandContext } from './command.ts';

/** The configuration of a start. `file` undefined = the built-in default, which no file holds. */
export type OpenedConfig = { readonly config: Config; readonly file: WatchedFile | undefined };

/**
 * Finds and loads the configuration for a start; where there is none yet, writes the default one first.
 * Says on stderr which file it is and everything wrong with it; undefined = it may not be used.
 */
export const openConfig = async (
  context: CommandContext,
  configFlag: string | undefined,
): Promise<OpenedConfig | undefined> => {
  const { env, homeFolder, workingFolder } = context;
  const {
    path,
    exists,
    notice: otherFile,
  } = await locateConfig({ configFlag, env, homeFolder, workingFolder });
  const isWritten = exists || (configFlag === undefined && (await writeDefault(context, path)));
  const isBuiltIn = !isWritten && configFlag === undefined;
  const state = await fileState(path);
  const result = isBuiltIn ? readConfig(defaultConfigText, { env }) : await loadConfig(context, path);
  if (!result.ok) {
    for (const problem of result.problems) context.warn(formatProblem(path, problem));
    return undefined;
  }
  context.warn(isBuiltIn ? 'config: the built-in default' : `config: ${path}`);
  if (otherFile !== undefined) context.warn(otherFile);
  for (const notice of result.notices) context.warn(formatProblem(path, notice));
  return { config: result.config, file: isBuiltIn ? undefined : { path, state } };
};

/** Loads a file with the keys that it takes from the system's key chain; says on stderr which are not at hand. */
export const loadConfig = async (context: CommandContext, path: string): Promise<ConfigResult> => {
  const names = await keychainNamesIn(path);
  if (names.length === 0) return loadConfigFile(path, context.env);
  // Loaded when needed: most configurations name no key chain.
  const { openSecretStore } = await import('../secrets/open-secret-store.ts');
  const { readSecrets } = await import('../secrets/read-secrets.ts');
  const { store } = await openSecretStore(context.clock);
  const { secrets, problems } = await readSecrets(store, names, context.clock);
  for (const { message } of problems) context.warn(message);
  return loadConfigFile(path, context.env, secrets);
};

const keychainNamesIn = async (path: string): Promise<readonly string[]> => {
  try {
    const format = formatOf(path);
    return format === undefined ? [] : keychainNames(await readFile(path, 'utf8'), format);
  } catch {
    // Whatever is wrong with the file, loading it says so properly.
    return [];
  }
};

const writeDefault = async (context: CommandContext, path: string): Promise<boolean> => {
  const folder = await createPrivateFolder(dirname(path));
  const written = folder.ok ? await writePrivateFile(path, defaultConfigText) : folder;
  context.warn(
    written.ok
      ? `no configuration found: wrote a commented default to ${path}`
      : `no configuration found, and none could be written to ${path}: ${written.reason}`,
  );
  return written.ok;
};
