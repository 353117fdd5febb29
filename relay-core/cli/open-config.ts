import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { defaultConfigText } from '../config/default-config.ts';
import { formatProblem } from '../config/format-problem.ts';
import { loadConfigFile, readConfig } from '../config/load-config.ts';
import { locateConfig } from '../config/locate-config.ts';
import { createPrivateFolder, writePrivateFile } from '../config/private-files.ts';
import type { CommandContext } from './command.ts';

/**
 * Finds and loads the configuration for a start; where there is none yet, writes the default one first.
 * Says on stderr which file it is and everything wrong with it; undefined = it may not be used.
 */
export const openConfig = async (
  context: CommandContext,
  configFlag: string | undefined,
): Promise<Config | undefined> => {
  const { env, homeFolder, workingFolder } = context;
  const { path, exists } = await locateConfig({ configFlag, env, homeFolder, workingFolder });
  const isWritten = exists || (configFlag === undefined && (await writeDefault(context, path)));
  const isBuiltIn = !isWritten && configFlag === undefined;
  const result = isBuiltIn ? readConfig(defaultConfigText, { env }) : await loadConfigFile(path, env);
  if (!result.ok) {
    for (const problem of result.problems) context.warn(formatProblem(path, problem));
    return undefined;
  }
  context.warn(isBuiltIn ? 'config: the built-in default' : `config: ${path}`);
  for (const notice of result.notices) context.warn(formatProblem(path, notice));
  return result.config;
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
