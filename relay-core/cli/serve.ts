import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { dataFolder } from '../config/data-folder.ts';
import { isLoopbackHost } from '../config/listen-address.ts';
import type { WatchedFile } from '../config/watch-config.ts';
import { createLogger } from '../create-logger.ts';
import { createRelay, type Relay } from '../create-relay.ts';
import type { Command, CommandContext } from './command.ts';
import { describePortInUse } from './describe-port-in-use.ts';
import { followConfig } from './follow-config.ts';
import type { ManagedClaude } from './manage-claude.ts';
import { openConfig } from './open-config.ts';
import { forgetRuntime, noteRuntime } from './runtime-file.ts';
import { openSwitchableLog, type SwitchableLog } from './switchable-log.ts';
import { untilStopped } from './until-stopped.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

const usage =
  'usage: cc-relay serve [--config FILE] [--host HOST] [--port N] [--data-dir DIR] [--log-level debug|info|warn|error] [--manage-claude]';

type ServeFlags = {
  readonly config: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly dataDir: string | undefined;
  readonly logLevel: (typeof logLevels)[number] | undefined;
  readonly managesClaude: boolean;
};

const readFlags = (args: readonly string[]): ServeFlags | undefined => {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ config: text, host: text, port: text, 'data-dir': text, 'log-level': text },
        'manage-claude': { type: 'boolean' },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    const isPort = port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65_535);
    const logLevel = logLevels.find((level) => level === values['log-level']);
    if (!isPort || values.port === '' || (values['log-level'] !== undefined && logLevel === undefined))
      return undefined;
    const managesClaude = values['manage-claude'] ?? false;
    const { config, host } = values;
    return { config, host, port, dataDir: values['data-dir'], logLevel, managesClaude };
  } catch {
    // parseArgs throws for nothing but flags it does not know.
    return undefined;
  }
};

const applyFlags = (config: Config, flags: ServeFlags): Config => ({
  ...config,
  server: {
    ...config.server,
    host: flags.host ?? config.server.host,
    port: flags.port ?? config.server.port,
  },
  logging: { ...config.logging, level: flags.logLevel ?? config.logging.level },
});

/** `serve`: runs the relay until a signal; prints one line on stdout once it accepts requests. */
export const serveCommand: Command = async (context) => {
  const flags = readFlags(context.args);
  if (flags === undefined) {
    context.warn(usage);
    return 2;
  }
  const opened = await openConfig(context, flags.config);
  if (opened === undefined) return 1;
  const { file } = opened;
  const config = applyFlags(opened.config, flags);
  const { host, tokens } = config.server;
  if (!isLoopbackHost(host) && tokens.length === 0) {
    context.warn(
      `${host} can be reached from other machines: set server.auth.api_key first, or listen on 127.0.0.1`,
    );
    return 1;
  }
  const log = await openLog(context, config);
  if (log === undefined) return 1;
  const claude = await openClaude(context, { config, flags });
  const { clock, random, env } = context;
  const relay = createRelay({ config: claude?.config ?? config, clock, random, env, log });
  return run(context, { config, file, log, flags, relay, claude });
};

/** Repairs what a killed relay left in Claude Code's settings; hands them to this one if it shall manage them. */
const openClaude = async (
  context: CommandContext,
  { config, flags }: Pick<Serving, 'config' | 'flags'>,
): Promise<ManagedClaude | undefined> => {
  const folder = dataFolder({ ...context, dataDir: flags.dataDir });
  const isRecorded = existsSync(join(folder, 'claude-set-up.json'));
  // Loaded when needed: a relay that runs for days needs no settings editor in memory.
  if (!isRecorded && !flags.managesClaude) return undefined;
  const { prepareClaude, repairClaude } = await import('./manage-claude.ts');
  if (isRecorded) await repairClaude(context, folder);
  if (!flags.managesClaude) return undefined;
  return await prepareClaude(context, { config, configFlag: flags.config, dataFolder: folder });
};

const openLog = async (context: CommandContext, config: Config): Promise<SwitchableLog | undefined> => {
  const { isTerminal, clock, signals } = context;
  const onExit = (listener: () => void) => signals.onExit(listener);
  try {
    return await openSwitchableLog(config.logging, (settings) =>
      createLogger({ ...settings, isTerminal, clock, onExit }),
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    context.warn(`logging.output: ${config.logging.output} cannot be written (${code})`);
    return undefined;
  }
};

type Serving = {
  readonly config: Config;
  readonly file: WatchedFile | undefined;
  readonly log: SwitchableLog;
  readonly flags: ServeFlags;
  readonly relay: Relay;
  readonly claude: ManagedClaude | undefined;
};

const run = async (context: CommandContext, serving: Serving): Promise<number> => {
  const { config, file, log, flags, relay, claude } = serving;
  const stopped = untilStopped(context.signals, () => relay.cut());
  const started = await relay.start();
  const { host, port } = config.server;
  if (!started.ok) {
    await relay.stop();
    context.warn(await describePortInUse({ host, port, code: started.code }));
    return 2;
  }
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${started.port}`;
  context.print(`cc-relay listening on ${address}`);
  const program = context.env.npm_lifecycle_event === undefined ? 'cc-relay' : 'npm run relay --';
  if (claude === undefined)
    context.warn(`use it: ANTHROPIC_BASE_URL=${address} claude   (for good: ${program} claude init)`);
  const { dataDir } = flags;
  await noteRuntime({ context, dataDir, log }, { pid: context.pid, address });
  await claude?.begin({ host, port: started.port });
  const watch =
    file && followConfig(context, { file, relay, log, applyFlags: (changed) => applyFlags(changed, flags) });
  await stopped;
  watch?.close();
  log.info('stopping: running requests may finish');
  await relay.stop();
  await claude?.end();
  await forgetRuntime({ context, dataDir, log }, context.pid);
  return 0;
};
