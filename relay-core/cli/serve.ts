import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { isLoopbackHost } from '../config/listen-address.ts';
import { createLogger } from '../create-logger.ts';
import { createRelay, type Relay } from '../create-relay.ts';
import type { Logger } from '../ports.ts';
import type { Command, CommandContext } from './command.ts';
import { describePortInUse } from './describe-port-in-use.ts';
import { openConfig } from './open-config.ts';
import { forgetRuntime, noteRuntime } from './runtime-file.ts';
import { untilStopped } from './until-stopped.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

const usage =
  'usage: cc-relay serve [--config FILE] [--host HOST] [--port N] [--data-dir DIR] [--log-level debug|info|warn|error]';

type ServeFlags = {
  readonly config: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly dataDir: string | undefined;
  readonly logLevel: (typeof logLevels)[number] | undefined;
};

const readFlags = (args: readonly string[]): ServeFlags | undefined => {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: { config: text, host: text, port: text, 'data-dir': text, 'log-level': text },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    const isPort = port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65_535);
    const logLevel = logLevels.find((level) => level === values['log-level']);
    if (!isPort || values.port === '' || (values['log-level'] !== undefined && logLevel === undefined))
      return undefined;
    return { config: values.config, host: values.host, port, dataDir: values['data-dir'], logLevel };
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
  const loaded = await openConfig(context, flags.config);
  if (loaded === undefined) return 1;
  const config = applyFlags(loaded, flags);
  const { host, tokens } = config.server;
  if (!isLoopbackHost(host) && tokens.length === 0) {
    context.warn(
      `${host} can be reached from other machines: set server.auth.api_key first, or listen on 127.0.0.1`,
    );
    return 1;
  }
  const log = await openLog(context, config);
  if (log === undefined) return 1;
  const { clock, random, env } = context;
  return run(context, { config, log, flags, relay: createRelay({ config, clock, random, env, log }) });
};

const openLog = async (context: CommandContext, config: Config): Promise<Logger | undefined> => {
  try {
    return await createLogger({
      ...config.logging,
      isTerminal: context.isTerminal,
      clock: context.clock,
      onExit: (listener) => context.signals.onExit(listener),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    context.warn(`logging.output: ${config.logging.output} cannot be written (${code})`);
    return undefined;
  }
};

type Serving = {
  readonly config: Config;
  readonly log: Logger;
  readonly flags: ServeFlags;
  readonly relay: Relay;
};

const run = async (context: CommandContext, { config, log, flags, relay }: Serving): Promise<number> => {
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
  context.warn(`use it: ANTHROPIC_BASE_URL=${address} claude   (for good: ${program} claude init)`);
  const { dataDir } = flags;
  await noteRuntime({ context, dataDir, log }, { pid: context.pid, address });
  await stopped;
  log.info('stopping: running requests may finish');
  await relay.stop();
  await forgetRuntime({ context, dataDir, log }, context.pid);
  return 0;
};
