import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { UpstreamConfig } from '../config/config.ts';
import { configJsonSchema } from '../config/config-json-schema.ts';
import { defaultConfigText } from '../config/default-config.ts';
import { formatProblem } from '../config/format-problem.ts';

import { type ConfigLocation, locateConfig, userConfigPath } from '../config/locate-config.ts';
import { createPrivateFolder, writePrivateFile } from '../config/private-files.ts';
import type { Command, CommandContext } from './command.ts';
import { loadConfig } from './open-config.ts';

const usages = {
  config: 'usage: cc-relay config init | validate | path | schema',
  init: 'usage: cc-relay config init [--output PATH] [--force]',
  validate: 'usage: cc-relay config validate [FILE] [--config FILE] [--strict]',
  path: 'usage: cc-relay config path [--config FILE]',
  schema: 'usage: cc-relay config schema',
} as const;

const initOptions = {
  output: { type: 'string', short: 'o' },
  force: { type: 'boolean' },
} as const;
const validateOptions = { config: { type: 'string' }, strict: { type: 'boolean' } } as const;
const pathOptions = { config: { type: 'string' } } as const;

/** `cc-relay config …`: writes a first config file, checks one, says which one is loaded, or prints their schema. */
export const configCommand: Command = async (context) => {
  const [subcommand, ...args] = context.args;
  const inner = { ...context, args };
  switch (subcommand) {
    case 'init':
      return await initConfig(inner);
    case 'validate':
      return await validateConfigFile(inner);
    case 'path':
      return await showConfigPath(inner);
    case 'schema':
      return showSchema(inner);
    default:
      return refuseUsage(context, subcommand === undefined ? undefined : 'unknown subcommand', usages.config);
  }
};

function refuseUsage(context: CommandContext, mistake: string | undefined, usage: string): number {
  context.warn(mistake === undefined ? usage : `${mistake}; ${usage}`);
  return 2;
}

/** The words of a command line, or what is wrong with them in one sentence. */
function readArgs<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { ok: true, values, positionals } as const;
  } catch (error) {
    const isWrongUsage =
      error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    if (!isWrongUsage) throw error;
    return { ok: false, mistake: error.message.split('. ', 1)[0] ?? error.message } as const;
  }
}

async function initConfig(context: CommandContext): Promise<number> {
  const args = readArgs(context.args, initOptions);
  if (!args.ok) return refuseUsage(context, args.mistake, usages.init);
  if (args.positionals.length > 0) return refuseUsage(context, 'init takes no file name', usages.init);

  const path =
    args.values.output === undefined
      ? userConfigPath(context)
      : resolve(context.workingFolder, args.values.output);
  if (!args.values.force && (await exists(path))) {
    context.warn(`${path} exists already: use --force to replace it`);
    return 1;
  }
  const folder = await createPrivateFolder(dirname(path));
  const written = folder.ok ? await writePrivateFile(path, defaultConfigText) : folder;
  if (!written.ok) {
    context.warn(`${path}: ${written.reason}`);
    return 1;
  }
  context.print(path);
  return 0;
}

async function exists(path: string): Promise<boolean> {
  // Whatever hides a file from `stat` will also stop the writing, which then says why.
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined;
}

async function validateConfigFile(context: CommandContext): Promise<number> {
  const args = readArgs(context.args, validateOptions);
  if (!args.ok) return refuseUsage(context, args.mistake, usages.validate);
  const files = [...args.positionals, ...(args.values.config === undefined ? [] : [args.values.config])];
  if (files.length > 1) return refuseUsage(context, 'only one file can be checked', usages.validate);

  const { path, notice } = await locateConfig({ ...context, configFlag: files[0] });
  if (notice !== undefined) context.warn(notice);
  const result = await loadConfig(context, path);
  for (const problem of result.ok ? result.notices : result.problems) {
    context.warn(formatProblem(path, problem));
  }
  if (!result.ok) return 1;
  const { upstreams } = result.config;
  context.print(`${path} is valid: ${listProviders(upstreams)}`);
  const isComplete = upstreams.every(({ outOfService }) => outOfService === undefined);
  return args.values.strict && !isComplete ? 1 : 0;
}

function listProviders(upstreams: readonly UpstreamConfig[]): string {
  if (upstreams.length === 0) return 'no provider';
  const names = upstreams.map(({ name }) => name).join(', ');
  return `${upstreams.length} ${upstreams.length === 1 ? 'provider' : 'providers'} (${names})`;
}

async function showConfigPath(context: CommandContext): Promise<number> {
  const args = readArgs(context.args, pathOptions);
  if (!args.ok) return refuseUsage(context, args.mistake, usages.path);
  if (args.positionals.length > 0) return refuseUsage(context, 'path takes no file name', usages.path);
  const location = await locateConfig({ ...context, configFlag: args.values.config });
  context.print(location.path);
  context.warn(describeLocation(location));
  if (location.notice !== undefined) context.warn(location.notice);
  return 0;
}

function describeLocation({ exists: isThere, why }: ConfigLocation): string {
  return isThere ? `the file exists; ${why}` : `the file does not exist yet; ${why}`;
}

function showSchema(context: CommandContext): number {
  if (context.args.length > 0) return refuseUsage(context, 'schema takes no argument', usages.schema);
  context.print(JSON.stringify(configJsonSchema(), undefined, 2));
  return 0;
}
