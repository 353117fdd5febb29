import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { call, smallBody } from '../support/call.ts';
import { type RunningCommand, runCommand } from '../support/run-command.ts';
import { messageBody, ScriptedUpstream, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt } from '../support/start-relay.ts';

const original = '{\n\t"model" : "opus",\n\t"env": {"FOO":"fake-secret-of-the-user"}\n}';
/** The promise: so long after a kill the settings are as they were. */
const undoneWithinMs = 5_000;

let home: string;
let settings: string;
let upstream: ScriptedUpstream;
const started: RunningCommand[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'manage-claude-'));
  settings = join(home, '.claude', 'settings.json');
  upstream = await ScriptedUpstream.start();
  await mkdir(join(home, '.claude'));
  await writeFile(settings, original);
  await chmod(settings, 0o640);
});

/** The watchers that look after this test's home: their command line names it. */
const watchers = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.includes('watch-claude.ts') && words.includes(home);
      } catch {
        // It ended meanwhile.
        return false;
      }
    })
    .map(Number);

afterEach(async () => {
  for (const command of started.splice(0)) {
    command.process.kill('SIGKILL');
    await command.exited;
  }
  for (const pid of watchers()) process.kill(pid, 'SIGKILL');
  await upstream.stop();
  await rm(home, { recursive: true, force: true });
});

const start = (args: readonly string[]): RunningCommand => {
  const command = runCommand({ args, env: { HOME: home, PATH: '/usr/bin:/bin' }, cwd: home });
  started.push(command);
  return command;
};

const configFile = async (server: object = {}, provider: object = {}): Promise<string> => {
  const path = join(home, 'relay.yaml');
  await writeFile(path, stringify({ server, providers: [{ ...providerAt(upstream.url), ...provider }] }));
  return path;
};

const serve = async (...more: string[]): Promise<RunningCommand> =>
  start(['serve', '--config', await configFile(), '--port', '0', ...more]);

const read = () => readFile(settings, 'utf8');
const baseUrl = async () => JSON.parse(await read()).env.ANTHROPIC_BASE_URL;
const whenSetUp = (relay: RunningCommand) =>
  expect.poll(() => relay.stderr(), { timeout: 10_000 }).toContain('until this relay stops');
const untilOriginal = (timeout = undoneWithinMs) =>
  expect.poll(read, { timeout, interval: 20 }).toBe(original);
const untilUnwatched = () => expect.poll(watchers, { timeout: 5_000 }).toEqual([]);
const record = () => JSON.parse(readFileSync(join(home, '.local/share/cc-relay/claude-set-up.json'), 'utf8'));
const addressIn = (line: string): string => /http:\/\/\S+/.exec(line)?.[0] ?? '';

describe.runIf(process.platform === 'linux')('cc-relay serve --manage-claude', () => {
  it('sets Claude Code up with the real port and gives the settings back at SIGTERM, byte for byte', async () => {
    const relay = await serve('--manage-claude');
    const address = addressIn(await relay.ready);
    await whenSetUp(relay);
    expect(await baseUrl()).toBe(address);
    expect(watchers()).toHaveLength(1);
    relay.process.kill('SIGTERM');
    expect(await relay.exited).toBe(0);
    expect(await read()).toBe(original);
    expect((await stat(settings)).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(home, '.claude'))).toEqual(['settings.json']);
    expect(record().settings).toEqual({});
    expect(relay.stdout()).toBe(`cc-relay listening on ${address}\n`);
    await untilUnwatched();
  });

  it('drains first and gives back then', async () => {
    let finish = () => {};
    const events = streamEvents();
    upstream.always((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events.slice(0, 3).join(''));
      finish = () => response.end(events.slice(3).join(''));
    });
    const relay = await serve('--manage-claude');
    const address = addressIn(await relay.ready);
    await whenSetUp(relay);
    let hasBegun = false;
    const answered = call(address, {
      headers: { 'x-api-key': JSON.parse(await read()).env.ANTHROPIC_AUTH_TOKEN },
      body: smallBody({ stream: true }),
      onText: () => {
        hasBegun = true;
      },
    });
    await expect.poll(() => hasBegun).toBe(true);
    relay.process.kill('SIGTERM');
    await expect.poll(() => relay.stderr()).toContain('stopping');
    expect(await baseUrl()).toBe(address);
    finish();
    expect((await answered).isWhole).toBe(true);
    expect(await relay.exited).toBe(0);
    expect(await read()).toBe(original);
  });

  it('creates a missing settings file and takes it away again', async () => {
    await rm(settings);
    const relay = await serve('--manage-claude');
    await whenSetUp(relay);
    relay.process.kill('SIGKILL');
    await expect.poll(() => existsSync(settings), { timeout: undoneWithinMs }).toBe(false);
    await untilUnwatched();
  });

  it('uses a relay token where the keys of the config serve, and the relay accepts it at once', async () => {
    upstream.always((response) => response.end(messageBody));
    const keys = { pass_through: false, keys: [{ key: 'fake-key-of-the-config' }] };
    const config = await configFile({}, keys);
    const relay = start(['serve', '--config', config, '--port', '0', '--manage-claude']);
    const address = addressIn(await relay.ready);
    await whenSetUp(relay);
    const token: string = JSON.parse(await read()).env.ANTHROPIC_AUTH_TOKEN;
    expect(token).toMatch(/^ccr_/);
    expect((await call(address, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await call(address)).status).toBe(401);
    expect(relay.stderr() + relay.stdout()).not.toContain(token);
    relay.process.kill('SIGTERM');
    await relay.exited;
    expect(await read()).toBe(original);
  });

  const expectUndone = async () => {
    const killedAt = Date.now();
    // Watchers end only when nothing is left to do.
    await expect.poll(watchers, { timeout: undoneWithinMs, interval: 20 }).toEqual([]);
    expect(Date.now() - killedAt).toBeLessThan(undoneWithinMs);
    expect(await read()).toBe(original);
    const names = readdirSync(join(home, '.claude')).filter((name) => !name.endsWith('.bak'));
    expect(names).toEqual(['settings.json']);
  };
  const wait = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

  // The set-up takes some tens of milliseconds after the ready line: most of these kills hit it.
  it.each([0, 8, 16, 24, 32, 40, 60])(
    'gives the settings back within five seconds when it is killed while it sets up (after %i ms)',
    async (afterMs) => {
      const relay = await serve('--manage-claude');
      await relay.ready;
      await wait(afterMs + Math.random() * 8);
      relay.process.kill('SIGKILL');
      await relay.exited;
      await expectUndone();
    },
  );

  it.each([0, 5, 10, 20])(
    'gives the settings back within five seconds when it is killed while it gives them back (after %i ms)',
    async (afterMs) => {
      const relay = await serve('--manage-claude');
      await whenSetUp(relay);
      relay.process.kill('SIGTERM');
      await expect.poll(() => relay.stderr(), { interval: 1 }).toContain('stopping');
      await wait(afterMs + Math.random() * 5);
      relay.process.kill('SIGKILL');
      await relay.exited;
      await expectUndone();
    },
  );

  it('leaves the original after any tangle of relays, stopped and killed', async () => {
    const relays: RunningCommand[] = [];
    for (let count = 0; count < 5; count += 1) {
      const relay = await serve('--manage-claude');
      relays.push(relay);
      await relay.ready;
      await wait(Math.random() * 150);
      // Now and then an older one goes while the next one comes.
      const gone = relays[Math.floor(Math.random() * relays.length)];
      gone?.process.kill(Math.random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    }
    for (const relay of relays) relay.process.kill(Math.random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    await Promise.all(relays.map((relay) => relay.exited));
    await expectUndone();
    expect(record().settings).toEqual({});
  });

  it('keeps what the user edits meanwhile, killed or not', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await writeFile(settings, original);
      const relay = await serve('--manage-claude');
      await whenSetUp(relay);
      await writeFile(settings, (await read()).replace('"opus"', '"sonnet", "theme": "dark"'));
      relay.process.kill(signal);
      const expected = original.replace('"opus"', '"sonnet", "theme": "dark"');
      await expect.poll(read, { timeout: undoneWithinMs }).toBe(expected);
      await relay.exited;
      await untilUnwatched();
    }
  });

  it('waits for a half-typed edit to become whole', async () => {
    const relay = await serve('--manage-claude');
    await whenSetUp(relay);
    const whole = await read();
    await writeFile(settings, whole.slice(0, -1));
    relay.process.kill('SIGKILL');
    await relay.exited;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await read()).toBe(whole.slice(0, -1));
    await writeFile(settings, whole);
    await untilOriginal();
  });

  it('hands the settings over to the next relay; the watcher of the first does not undo it', async () => {
    const first = await serve('--manage-claude');
    await whenSetUp(first);
    const [watcher] = watchers();
    // As if the first watcher were slow: it wakes up when the second relay has set up.
    process.kill(watcher ?? 0, 'SIGSTOP');
    first.process.kill('SIGKILL');
    await first.exited;
    const second = await serve('--manage-claude');
    const address = addressIn(await second.ready);
    await whenSetUp(second);
    process.kill(watcher ?? 0, 'SIGCONT');
    await expect.poll(watchers).not.toContain(watcher);
    expect(await baseUrl()).toBe(address);
    expect(watchers()).toHaveLength(1);
    second.process.kill('SIGKILL');
    await untilOriginal();
    await untilUnwatched();
  });

  it('lets a second relay take over while the first still runs, with one watcher in the end', async () => {
    const first = await serve('--manage-claude');
    await whenSetUp(first);
    const second = await serve('--manage-claude');
    await whenSetUp(second);
    await expect.poll(() => watchers().length, { timeout: 5_000 }).toBe(1);
    const address = addressIn(await second.ready);
    first.process.kill('SIGTERM');
    await first.exited;
    expect(await baseUrl()).toBe(address);
    second.process.kill('SIGTERM');
    await second.exited;
    expect(await read()).toBe(original);
  });

  it('leaves a set-up that the user made for good meanwhile', async () => {
    const relay = await serve('--manage-claude');
    await whenSetUp(relay);
    const init = start(['claude', 'init', '--config', await configFile()]);
    expect(await init.exited).toBe(0);
    relay.process.kill('SIGKILL');
    await relay.exited;
    await untilUnwatched();
    expect(await baseUrl()).toContain('http://127.0.0.1:');
    const remove = start(['claude', 'remove']);
    expect(await remove.exited).toBe(0);
    expect(await read()).toBe(original);
  });

  it('is no reason not to relay when the settings cannot be edited', async () => {
    await writeFile(settings, '{ "broken": ');
    const relay = await serve('--manage-claude');
    await relay.ready;
    await expect.poll(() => relay.stderr()).toContain('Claude Code is not set up');
    expect(relay.stderr()).toContain('settings.json:1:');
    relay.process.kill('SIGTERM');
    expect(await relay.exited).toBe(0);
    expect(await read()).toBe('{ "broken": ');
  });

  describe('when the watcher was killed, too', () => {
    const killBoth = async () => {
      const relay = await serve('--manage-claude');
      await whenSetUp(relay);
      for (const pid of watchers()) process.kill(pid, 'SIGKILL');
      await untilUnwatched();
      relay.process.kill('SIGKILL');
      await relay.exited;
      expect(await read()).not.toBe(original);
    };

    it('the next start gives the settings back', async () => {
      await killBoth();
      const relay = await serve();
      await relay.ready;
      expect(relay.stderr()).toContain('was given back');
      expect(await read()).toBe(original);
    });

    it('the next managing start works from the original', async () => {
      await killBoth();
      const relay = await serve('--manage-claude');
      await whenSetUp(relay);
      relay.process.kill('SIGTERM');
      await relay.exited;
      expect(await read()).toBe(original);
      expect(readdirSync(join(home, '.claude'))).toEqual(['settings.json']);
    });

    it.each([[['claude', 'remove']], [['doctor', '--fix']]])('%o gives the settings back', async (args) => {
      await killBoth();
      const command = start(args);
      await command.exited;
      expect(command.stdout()).toContain('was given back');
      expect(await read()).toBe(original);
    });
  });
});
