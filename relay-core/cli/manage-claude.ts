import type { Refused } from '../claude-code/file-failure.ts';
import { type GatheredWish, gatherWish } from '../claude-code/gather-wish.ts';
import { type ManagedSetUp, setUpManaged, undoManaged } from '../claude-code/managed-set-up.ts';
import { addressOf } from '../claude-code/relay-address.ts';
import { writeToken } from '../claude-code/relay-token.ts';
import { repair } from '../claude-code/repair.ts';
import { identify } from '../claude-code/running-process.ts';
import { locateSettings } from '../claude-code/settings-path.ts';
import type { Config } from '../config/config.ts';
import type { CommandContext } from './command.ts';
import { loadConfig } from './open-config.ts';
import { startWatcher } from './start-watcher.ts';

/** Where the relay listens. */
type Listening = { readonly host: string; readonly port: number };

/** Claude Code's settings in the hands of a relay. Every failure is said on stderr and stops nothing. */
export type ManagedClaude = {
  /** The config with the relay token that Claude Code is going to show. */
  readonly config: Config;
  begin(listening: Listening): Promise<void>;
  end(): Promise<void>;
};

/** What the relay knows when it starts. */
export type Management = {
  readonly config: Config;
  readonly configFlag: string | undefined;
  readonly dataFolder: string;
};

const idBytes = 12;
const endPatienceMs = 3_000;

const warnAll = (context: CommandContext, message: string): undefined => {
  for (const line of message.split('\n')) context.warn(line);
};

/** Gives back what a killed relay left in Claude Code's settings. */
export const repairClaude = async (context: CommandContext, dataFolder: string): Promise<void> => {
  const { homeFolder, clock } = context;
  const repaired = await repair({ dataFolder, homeFolder, settings: locateSettings(context) }, clock);
  for (const line of repaired.ok ? repaired.lines : repaired.message.split('\n')) context.warn(line);
};

/** Decides before the start how Claude Code shall show who it is; undefined = it cannot be set up, and why is said. */
export const prepareClaude = async (
  context: CommandContext,
  { config, configFlag, dataFolder }: Management,
): Promise<ManagedClaude | undefined> => {
  const { random, platform } = context;
  const gathered = await gatherWish({
    ...{ mode: 'auto', proxyUrl: undefined, dataFolder, random, platform },
    config: { ...context, configFlag, loadConfig: (path) => loadConfig(context, path) },
  });
  if (!gathered.ok) return refuse(context, gathered);
  if (gathered.newToken !== undefined) {
    const written = await writeToken(gathered.newToken);
    if (!written.ok) return refuse(context, written);
    context.warn(`A relay token was written to ${gathered.configPath}: clients must show it from now on.`);
  }
  return manage(context, { config: withToken(config, gathered), gathered, dataFolder });
};

const refuse = (context: CommandContext, { message }: Refused): undefined =>
  warnAll(context, `Claude Code is not set up: ${message}`);

const withToken = (config: Config, { newToken }: GatheredWish): Config =>
  newToken === undefined
    ? config
    : { ...config, server: { ...config.server, tokens: [...config.server.tokens, newToken.token] } };

type Managed = {
  readonly config: Config;
  readonly gathered: GatheredWish;
  readonly dataFolder: string;
};

const manage = (context: CommandContext, { config, gathered, dataFolder }: Managed): ManagedClaude => {
  const { clock, env } = context;
  const settings = locateSettings(context);
  const ownerId = Buffer.from(context.random.bytes(idBytes)).toString('base64url');
  const setUp: ManagedSetUp = { settings, dataFolder, ownerId };
  const undo = 'Give it back with: cc-relay claude remove';

  const begin = async (listening: Listening): Promise<void> => {
    const relay = await identify(context.pid);
    // First the watcher, then what it watches over: there is no moment without it.
    startWatcher({
      watch: { ...setUp, relay },
      env,
      onFailure: (code) =>
        context.warn(`No watcher (${code}): if this relay is killed, run cc-relay claude remove.`),
    });
    const wish = { ...gathered.wish, address: addressOf(listening) };
    const owner = { id: ownerId, ...relay };
    const plan = await setUpManaged({ settings, dataFolder, wish, owner }, clock);
    if (!plan.ok) return refuse(context, plan);
    for (const warning of [...gathered.notices, ...plan.warnings]) context.warn(`warning: ${warning}`);
    context.warn(`Claude Code uses ${wish.address} until this relay stops (mode ${wish.access.mode}).`);
  };

  const end = async (): Promise<void> => {
    const undone = await undoManaged(setUp, { clock, patienceMs: endPatienceMs });
    if (!undone.ok) warnAll(context, `${undone.message}\n${undo}`);
    else if (undone.kind === 'undone')
      context.warn(`${settings.shownAs} was given back; restart running Claude Code sessions.`);
  };

  return { config, begin, end };
};
