import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { systemClock, systemRandom } from '../system-ports.ts';
import type { Command, CommandContext } from './command.ts';

const help = `CC-Relay: a local relay between Claude Code and its providers.

  cc-relay serve [--config FILE] [--host HOST] [--port N] [--data-dir DIR] [--log-level LEVEL]
                 [--manage-claude]
  cc-relay status [--json]
  cc-relay doctor [--fix] [--json]
  cc-relay config init [-o FILE] [--force]
  cc-relay config validate [FILE] [--strict]
  cc-relay config path
  cc-relay config schema
  cc-relay claude init [--mode auto|subscription|token] [--proxy-url URL] [--dry-run]
  cc-relay claude remove [--dry-run]
  cc-relay keys add NAME | list | remove NAME
  cc-relay keys import [--config FILE] [--dry-run]
  cc-relay version
`;

const versionCommand: Command = ({ print }) => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  print(`cc-relay ${isManifest ? String(manifest.version) : 'of unknown version'}`);
  return 0;
};

const helpCommand: Command = ({ print }) => {
  print(help.trimEnd());
  return 0;
};

/** Commands are loaded when they are called: a relay that runs for days needs no settings editor in memory. */
const serve: Command = async (context) => (await import('./serve.ts')).serveCommand(context);
const claude: Command = async (context) => (await import('./claude.ts')).claudeCommand(context);
const keys: Command = async (context) =>
  (await import('./keys.ts')).keysCommand({
    ...context,
    input: process.stdin,
    prompt: (text) => process.stderr.write(text),
  });
const status: Command = async (context) => (await import('./status.ts')).statusCommand(context);
const doctor: Command = async (context) => (await import('./doctor.ts')).doctorCommand(context);
const config: Command = async (context) => {
  const [first, ...rest] = context.args;
  // `config cc` is the documented name of `claude init` and `claude remove`.
  if (first === 'cc') return claude({ ...context, args: rest });
  return (await import('./config.ts')).configCommand(context);
};

const commands: ReadonlyMap<string, Command> = new Map<string, Command>(
  Object.entries({
    serve,
    config,
    claude,
    status,
    doctor,
    keys,
    version: versionCommand,
    '--version': versionCommand,
    help: helpCommand,
    '--help': helpCommand,
    '-h': helpCommand,
  }),
);

const watchEveryMs = 500;

/** npm hands SIGTERM to its shell, and the shell dies of it without a word: then nobody owns the relay any more. */
const watchParent = (onOrphaned: () => void): void => {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onOrphaned();
  }, watchEveryMs);
  watch.unref();
};

const createContext = (args: readonly string[]): CommandContext => ({
  args,
  env: { ...process.env },
  homeFolder: homedir(),
  workingFolder: process.cwd(),
  platform: process.platform,
  pid: process.pid,
  isTerminal: process.stderr.isTTY === true,
  clock: systemClock,
  random: systemRandom,
  signals: {
    onStop: (onStop) => {
      process.on('SIGTERM', onStop);
      process.on('SIGINT', onStop);
      watchParent(onStop);
    },
    onExit: (onExit) => {
      process.on('exit', onExit);
    },
  },
  print: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
});

const [name = 'help', ...args] = process.argv.slice(2);
const command = commands.get(name);
if (command === undefined) {
  process.stderr.write(`cc-relay: there is no command "${name}"\n${help}`);
  process.exitCode = 2;
} else {
  // Sockets of clients that never close must not keep a stopped relay alive.
  process.exit(await command(createContext(args)));
}
