import { parseArgs } from 'node:util';
import { applySetUp } from '../claude-code/apply-set-up.ts';
import { type SetUpMode, setUpModes } from '../claude-code/choose-mode.ts';
import { codeOf, type Refused } from '../claude-code/file-failure.ts';
import { findRelay, type RelayQuestion } from '../claude-code/find-relay.ts';
import { type GatheredWish, gatherWish } from '../claude-code/gather-wish.ts';
import { planSetUp } from '../claude-code/plan-set-up.ts';
import { defaultAddress } from '../claude-code/relay-address.ts';
import { repair } from '../claude-code/repair.ts';
import { applyRestore, planRestore, type RestorePlan } from '../claude-code/restore.ts';
import { withSetUpLock } from '../claude-code/set-up-lock.ts';
import { readRecord } from '../claude-code/set-up-record.ts';
import { locateSettings, type SettingsLocation, showPath } from '../claude-code/settings-path.ts';
import { dataFolder } from '../config/data-folder.ts';
import type { Command, CommandContext } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { loadConfig } from './open-config.ts';

const usage = [
  'usage: cc-relay claude init [--mode auto|subscription|token] [--proxy-url URL] [--config FILE]',
  '                            [--data-dir FOLDER] [--dry-run]',
  '       cc-relay claude remove [--config FILE] [--data-dir FOLDER] [--dry-run]',
  '       cc-relay claude doctor [--fix] [--json]   (the same as cc-relay doctor)',
];

const dryRunLine = 'Dry run: nothing was written.';
const restartLine = 'Restart running Claude Code sessions: they keep their old settings.';

type Options = {
  readonly action: 'init' | 'remove' | 'help';
  readonly mode: SetUpMode;
  readonly proxyUrl: string | undefined;
  readonly configFlag: string | undefined;
  readonly dataDir: string | undefined;
  readonly isDryRun: boolean;
};

/** One run of the command: what may be touched, what was asked, and the two places it is about. */
type Run = {
  readonly context: CommandContext;
  readonly options: Options;
  readonly settings: SettingsLocation;
  readonly dataFolder: string;
};

/** `cc-relay claude init|remove` (also `config cc …`): sets up Claude Code's settings, or gives them back. */
export const claudeCommand: Command = async (context) => {
  const [first, ...rest] = context.args;
  if (first === 'doctor') return await doctorCommand({ ...context, args: rest });
  const options = readOptions(context.args);
  if (options === undefined) {
    for (const line of usage) context.warn(line);
    return 2;
  }
  const folder = dataFolder({ ...context, dataDir: options.dataDir });
  const run = { context, options, settings: locateSettings(context), dataFolder: folder };
  switch (options.action) {
    case 'init':
      return await init(run);
    case 'remove':
      return await remove(run);
    case 'help':
      printAll(context, usage);
      return 0;
  }
};

const wordOptions = {
  mode: { type: 'string' },
  'proxy-url': { type: 'string' },
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function readWords(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: wordOptions, allowPositionals: true });
  } catch (error) {
    if (codeOf(error).startsWith('ERR_PARSE_ARGS')) return undefined;
    throw error;
  }
}

/** The options in the arguments; undefined = wrong usage. */
function readOptions(args: readonly string[]): Options | undefined {
  const words = readWords(args);
  if (words === undefined) return undefined;
  const { values, positionals } = words;
  const [word, ...surplus] = values.help ? ['help'] : positionals;
  const action = (['init', 'remove', 'help'] as const).find((known) => known === word);
  const mode = setUpModes.find((known) => known === (values.mode ?? 'auto'));
  if (action === undefined || mode === undefined || surplus.length > 0) return undefined;
  const hasInitOptions = values.mode !== undefined || values['proxy-url'] !== undefined;
  if (action === 'remove' && hasInitOptions) return undefined;
  return {
    action,
    mode,
    proxyUrl: values['proxy-url'],
    configFlag: values.config,
    dataDir: values['data-dir'],
    isDryRun: values['dry-run'] ?? false,
  };
}

function printAll(context: CommandContext, lines: readonly string[]): void {
  for (const line of lines) context.print(line);
}

function refuse(context: CommandContext, { message }: Refused): number {
  for (const line of message.split('\n')) context.warn(line);
  return 1;
}

const relayQuestion = ({ context, options }: Run): RelayQuestion => ({
  ...context,
  configFlag: options.configFlag,
  loadConfig: (path) => loadConfig(context, path),
});

async function init(run: Run): Promise<number> {
  const { context, options, dataFolder } = run;
  const config = relayQuestion(run);
  const ports = { random: context.random, platform: context.platform };
  const gathered = await gatherWish({ ...options, config, dataFolder, ...ports });
  if (!gathered.ok) return refuse(context, gathered);
  return await alone(run, () => setUp(run, gathered));
}

/** Does something while no other cc-relay changes the settings; a dry run changes nothing and locks nobody out. */
async function alone({ context, options, dataFolder }: Run, act: () => Promise<number>): Promise<number> {
  if (options.isDryRun) return await act();
  const done = await withSetUpLock({ dataFolder, clock: context.clock }, act);
  return typeof done === 'number' ? done : refuse(context, done);
}

async function setUp(run: Run, gathered: GatheredWish): Promise<number> {
  const { context, options, settings, dataFolder } = run;
  const plan = await planSetUp({ settings, dataFolder, wish: gathered.wish });
  if (!plan.ok) return refuse(context, plan);
  for (const warning of [...gathered.notices, ...plan.warnings]) context.warn(`warning: ${warning}`);
  const { access, address } = gathered.wish;
  if (plan.isDone) {
    context.print(`Already set up: Claude Code uses ${address} (mode ${access.mode}).`);
    return 0;
  }
  printAll(context, plan.diff);
  if (options.isDryRun) {
    context.print(dryRunLine);
    return 0;
  }
  const done = await applySetUp({ plan, newToken: gathered.newToken }, context.clock.now());
  if (!done.ok) return refuse(context, done);
  printAll(context, describeSetUp(gathered, { backupPath: done.backupPath, homeFolder: context.homeFolder }));
  return 0;
}

type Places = { readonly backupPath: string | undefined; readonly homeFolder: string };

function describeSetUp({ wish, newToken, configPath }: GatheredWish, places: Places): readonly string[] {
  const { backupPath, homeFolder } = places;
  const tokenLine = `A relay token was written to ${showPath(configPath, homeFolder)}; a running relay must be restarted to require it.`;
  return [
    `Claude Code now uses ${wish.address} (mode ${wish.access.mode}).`,
    ...(newToken === undefined ? [] : [tokenLine]),
    ...(backupPath === undefined ? [] : [`Backup: ${showPath(backupPath, homeFolder)}`]),
    restartLine,
    'Undo: cc-relay claude remove',
  ];
}

async function remove(run: Run): Promise<number> {
  const { context, options, settings, dataFolder } = run;
  const read = await readRecord(dataFolder);
  // Without a record there is nothing that two could disagree about, and perhaps no folder for a lock.
  const isRecorded = read.ok && read.record.file.text !== undefined;
  const code = await (isRecorded ? alone(run, () => giveBack(run)) : giveBack(run));
  if (code !== 0 || !isRecorded || options.isDryRun) return code;
  const repaired = await repair({ dataFolder, homeFolder: context.homeFolder, settings }, context.clock);
  if (!repaired.ok) return refuse(context, repaired);
  printAll(context, repaired.lines);
  return 0;
}

async function giveBack(run: Run): Promise<number> {
  const { context, options, settings, dataFolder } = run;
  const found = await findRelay(relayQuestion(run), dataFolder);
  // A config with mistakes must not keep anyone from getting the settings back.
  const relay = found.ok
    ? { address: found.address, tokens: found.config?.server.tokens ?? [] }
    : { address: defaultAddress, tokens: [] };
  const plan = await planRestore({ settings, dataFolder, relay });
  if (!plan.ok) return refuse(context, plan);
  printAll(context, plan.diff);
  if (options.isDryRun) {
    printAll(context, [...describeRest(plan, settings), dryRunLine]);
    return 0;
  }
  const done = await applyRestore(plan, context.clock.now());
  if (!done.ok) return refuse(context, done);
  const change = plan.text === plan.file.text ? [] : [describeChange(plan, settings)];
  printAll(context, [...change, ...describeRest(plan, settings), restartLine]);
  return 0;
}

/** What stays in the settings, and why. */
function describeRest(plan: RestorePlan, { shownAs }: SettingsLocation): readonly string[] {
  const { file, entry, text, kept, stillPointsHere } = plan;
  const isChanged = text !== file.text;
  const isIncomplete = kept.length > 0 || file.text === undefined;
  const keptLines = kept.map((key) => `${key} was changed since the set-up and stays as it is.`);
  const unknownLine =
    'There is no record of the set-up: previous values are unknown, NO_PROXY is left alone.';
  const addressLine =
    'ANTHROPIC_BASE_URL leads to this computer, as before the set-up. If no relay runs there, remove it by hand.';
  return [
    ...(isChanged ? [] : [`Nothing to remove in ${shownAs}.`]),
    ...keptLines,
    ...(isChanged && entry === undefined ? [unknownLine] : []),
    ...(stillPointsHere ? [addressLine] : []),
    ...(isIncomplete && entry?.backupPath
      ? [`The settings from before the set-up: ${entry.backupPath}`]
      : []),
  ];
}

function describeChange({ entry, text }: RestorePlan, { shownAs }: SettingsLocation): string {
  if (text === undefined) return `${shownAs} did not exist before the set-up and was deleted.`;
  return entry === undefined ? `Our entries were removed from ${shownAs}.` : `${shownAs} was given back.`;
}
