import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { entry } from './run-command.ts';

const execute = promisify(execFile);
const repository = fileURLToPath(new URL('../..', import.meta.url));
const searchPath = '/usr/bin:/bin:/usr/sbin:/sbin';

/**
 * `unlocked`: a working key chain. `empty`: gnome-keyring runs, but has no key chain yet. `absent`: D-Bus, and nobody
 * who keeps secrets.
 */
export type KeyChainKind = 'unlocked' | 'empty' | 'absent';

/** The key chain's program is back before its name is on the bus; asked too early, the bus would start a second one. */
const unlock = `
  printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
  until dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \\
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q 'boolean true'
  do sleep 0.02; done
`;

/** A gnome-keyring of the test's own on a D-Bus of its own; it ends with `stop`, or when the test process is gone. */
export class KeyChainSession {
  /** Home, config and key chain; deleted at the end. */
  readonly folder: string;
  /** The whole environment for commands that use this key chain. */
  readonly env: Record<string, string>;
  readonly #holder: ChildProcess;
  #stoppedPid: number | undefined;

  private constructor(folder: string, holder: ChildProcess, address: string) {
    this.folder = folder;
    this.#holder = holder;
    this.env = { ...environmentIn(folder), DBUS_SESSION_BUS_ADDRESS: address };
  }

  static async start(kind: KeyChainKind = 'unlocked'): Promise<KeyChainSession> {
    await requireTools();
    const folder = await mkdtemp(join(tmpdir(), 'cc-relay-keys-'));
    // Without a display the password window fails anyway; this way it does so quietly.
    await defineService(folder, 'org.gnome.keyring.SystemPrompter', '/bin/false');
    if (kind === 'absent') await defineService(folder, 'org.freedesktop.secrets', '/bin/false');
    const script = `${kind === 'unlocked' ? unlock : ''} echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat`;
    // `cat` ends with this process's end of the pipe, the session with `cat`, and the key chain with the session.
    const holder = spawn('/usr/bin/dbus-run-session', ['--', 'bash', '-c', script], {
      env: environmentIn(folder),
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return new KeyChainSession(folder, holder, await firstLine(holder));
  }

  /** Locks the key chain; from then on it asks for its password in a window that fails at once, or never answers. */
  async lock(window: 'fails' | 'never-answers'): Promise<void> {
    if (window === 'never-answers') {
      const command = `/bin/sh -c "echo $$ > ${this.#windowFile}; exec sleep 60"`;
      await defineService(this.folder, 'org.gnome.keyring.SystemPrompter', command);
      await this.#send('org.freedesktop.DBus', '/org/freedesktop/DBus', [
        'org.freedesktop.DBus.ReloadConfig',
      ]);
    }
    const collection = 'array:objpath:/org/freedesktop/secrets/collection/login';
    const lock = ['org.freedesktop.Secret.Service.Lock', collection];
    await this.#send('org.freedesktop.secrets', '/org/freedesktop/secrets', lock);
  }

  /** Stops the key chain's process in its tracks: it answers nothing any more. */
  async freeze(): Promise<void> {
    const ask = ['org.freedesktop.DBus.GetConnectionUnixProcessID', 'string:org.freedesktop.secrets'];
    const answer = await this.#send('org.freedesktop.DBus', '/org/freedesktop/DBus', ask);
    this.#stoppedPid = Number(/uint32 (\d+)/.exec(answer)?.[1]);
    process.kill(this.#stoppedPid, 'SIGSTOP');
  }

  /** What the key chain holds for CC-Relay, read without CC-Relay. */
  async contents(): Promise<Record<string, string>> {
    const script =
      "require('keytar').findCredentials('cc-relay').then((all) => process.stdout.write(JSON.stringify(all)))";
    const { stdout } = await execute(process.execPath, ['-e', script], { env: this.env, cwd: repository });
    const all: { account: string; password: string }[] = JSON.parse(stdout);
    return Object.fromEntries(all.map(({ account, password }) => [account, password]));
  }

  async stop(): Promise<void> {
    if (this.#stoppedPid !== undefined) process.kill(this.#stoppedPid, 'SIGCONT');
    const window = await readFile(this.#windowFile, 'utf8').catch(() => '');
    if (window !== '') process.kill(Number(window), 'SIGKILL');
    const ended = new Promise((resolve) => this.#holder.once('close', resolve));
    this.#holder.stdin?.end();
    await ended;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #windowFile(): string {
    return join(this.folder, 'window.pid');
  }

  async #send(to: string, path: string, words: readonly string[]): Promise<string> {
    const args = ['--session', '--print-reply', `--dest=${to}`, path, ...words];
    return (await execute('dbus-send', args, { env: this.env })).stdout;
  }
}

/** The environment of a home in `folder`, without a session bus. */
export function environmentIn(folder: string): Record<string, string> {
  return {
    PATH: searchPath,
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_RUNTIME_DIR: folder,
  };
}

/** A `cc-relay` command that was run to its end, or is still running. */
export type KeysRun = {
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<number | null>;
};

/** Starts `cc-relay` with `input` on its standard input; undefined = it stays open. */
export function runKeys(
  args: readonly string[],
  env: Record<string, string>,
  input: string | Uint8Array | undefined = '',
): KeysRun {
  const child = spawn(process.execPath, [entry, ...args], { env, cwd: env.HOME, stdio: 'pipe' });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += chunk;
  });
  // A command that refuses before it reads closes the pipe.
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { process: child, stdout: () => printed.stdout, stderr: () => printed.stderr, exited };
}

async function requireTools(): Promise<void> {
  for (const tool of ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon']) {
    const places = searchPath.split(delimiter).map((folder) => join(folder, tool));
    const found = await Promise.any(places.map((place) => access(place, constants.X_OK))).then(
      () => true,
      () => false,
    );
    if (found) continue;
    throw new Error(
      `The key-chain tests need ${tool}: run "apt-get install -y libsecret-1-0 gnome-keyring dbus" as root (.ci/run does it).`,
    );
  }
}

async function defineService(folder: string, name: string, command: string): Promise<void> {
  const path = join(folder, 'data', 'dbus-1', 'services', `${name}.service`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `[D-BUS Service]\nName=${name}\nExec=${command}\n`);
}

function firstLine(holder: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    holder.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.split('\n', 1)[0] ?? '');
    });
    holder.once('error', reject);
    holder.once('close', () => reject(new Error('The D-Bus session ended before it began.')));
  });
}
