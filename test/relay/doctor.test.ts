import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type RunningCommand, runCommand } from '../support/run-command.ts';

const secret = 'fake-secret-that-nobody-may-see';

let home: string;
let env: Record<string, string>;
const started: RunningCommand[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'relay-doctor-'));
  env = { HOME: home, PATH: join(home, 'bin') };
});
afterEach(async () => {
  for (const command of started.splice(0)) {
    command.process.kill('SIGKILL');
    await command.exited;
    expect(command.stdout() + command.stderr()).not.toContain(secret);
  }
  for (const server of servers.splice(0)) server.close();
  await rm(home, { recursive: true, force: true });
});

const start = (...args: string[]): RunningCommand => {
  const command = runCommand({ args, env, cwd: home });
  started.push(command);
  return command;
};

const run = async (...args: string[]) => {
  const command = start(...args);
  return { code: await command.exited, said: command.stdout(), warned: command.stderr() };
};

/** What the doctor reports, and whether its exit code says the same. */
const examine = async (...args: string[]) => {
  const { code, said } = await run('doctor', '--json', ...args);
  const report: {
    ok: boolean;
    repairs: string[];
    checks: { name: string; state: string; finding: string; remedy?: string }[];
  } = JSON.parse(said);
  expect(report.ok).toBe(code === 0);
  const find = (name: string) => report.checks.find((check) => check.name === name);
  return { ...report, find, problems: report.checks.filter(({ state }) => state === 'problem') };
};

const settings = () => readFile(join(home, '.claude', 'settings.json'), 'utf8');

const serve = async () => {
  const relay = start('serve', '--port', '0');
  const address = /http:\/\/\S+/.exec(await relay.ready)?.[0] ?? '';
  await expect.poll(async () => (await run('status')).code).toBe(0);
  return { relay, address };
};

const claudeProgram = async (script: string) => {
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin', 'claude'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

describe('cc-relay doctor', () => {
  it('is content with a relay that runs and a Claude Code that is set up for it', async () => {
    await claudeProgram(`echo "2.1.329 (Claude Code) ${secret}"`);
    const { address } = await serve();
    expect((await run('claude', 'init')).code).toBe(0);
    const { ok, checks, find } = await examine();
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(ok).toBe(true);
    expect(find('address')?.finding).toContain(address);
    expect(find('Claude Code')?.finding).toBe(`${join(home, 'bin', 'claude')}: 2.1.329.`);
  });

  it('finds a dead relay that bricks Claude Code, and its remedy works', async () => {
    const { relay, address } = await serve();
    await run('claude', 'init');
    relay.process.kill('SIGKILL');
    await relay.exited;
    const { code, said } = await run('doctor');
    expect(code).toBe(1);
    expect(said).toContain(`sends Claude Code to ${address}, but nobody answers there`);
    expect(said).toContain('cc-relay claude remove');
    await run('claude', 'remove');
    expect((await examine()).problems).toEqual([]);
  });

  it('finds a wrong port, and its remedy works', async () => {
    await run('claude', 'init', '--proxy-url', 'http://127.0.0.1:1');
    const { address } = await serve();
    const { find } = await examine();
    expect(find('address')).toMatchObject({ state: 'problem', remedy: 'Correct it: cc-relay claude init' });
    expect(find('address')?.finding).toContain(`the running relay listens at ${address}`);
    await run('claude', 'init');
    expect((await examine()).problems).toEqual([]);
  });

  it('finds another program at the address', async () => {
    const server = createServer((_request, response) => response.setHeader('server', 'dummy-server').end());
    servers.push(server);
    const port = await new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    await run('claude', 'init', '--proxy-url', `http://127.0.0.1:${port}`);
    expect((await examine()).find('address')?.finding).toContain('another program answers (dummy-server)');
  });

  it('names variables, files and lines, never a value', async () => {
    await writeFile(join(home, '.bashrc'), `# mine\nexport ANTHROPIC_API_KEY=${secret}\n`);
    const keys = [{ key: secret }];
    const server = { auth: { api_key: secret } };
    const providers = [{ name: 'main', type: 'anthropic', enabled: true, keys }];
    const config = join(home, 'relay.yaml');
    await writeFile(config, stringify({ server, providers }));
    await mkdir(join(home, '.claude'));
    const text = JSON.stringify({
      env: { ANTHROPIC_AUTH_TOKEN: `${secret}-older`, ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' },
    });
    await writeFile(join(home, '.claude', 'settings.json'), text);
    Object.assign(env, { ANTHROPIC_AUTH_TOKEN: secret, HTTPS_PROXY: `http://me:${secret}@proxy.test` });
    const { code, said } = await run('doctor', '--config', config);
    expect(code).toBe(1);
    expect(said).toContain('~/.bashrc:2 exports ANTHROPIC_API_KEY');
    expect(said).toContain('not the one in the config');
    expect(said).toContain('HTTPS_PROXY is in use');
  });

  it('does not wait long for a claude that hangs', async () => {
    await claudeProgram('exec /bin/sleep 60');
    const begin = Date.now();
    expect((await examine()).find('Claude Code')?.finding).toContain('did not tell its version');
    expect(Date.now() - begin).toBeLessThan(8_000);
  });

  it('writes nothing, not even a folder', async () => {
    await run('doctor');
    expect(readdirSync(home)).toEqual([]);
    await run('doctor', '--fix');
    expect(readdirSync(home)).toEqual([]);
  });

  it('with --fix gives back what a killed relay left, and nothing else', async () => {
    const data = join(home, '.local', 'share', 'cc-relay');
    await mkdir(join(home, '.claude'));
    await writeFile(join(home, '.claude', 'settings.json'), '{"a":1}');
    await run('claude', 'init');
    const record = JSON.parse(await readFile(join(data, 'claude-set-up.json'), 'utf8'));
    expect((await examine('--fix')).repairs).toEqual([]);
    expect(await settings()).toContain('ANTHROPIC_BASE_URL');
    for (const entry of Object.values(record.settings))
      Object.assign(entry as object, { owner: { id: 'x', pid: 2 ** 22 + 1, mark: null } });
    await writeFile(join(data, 'claude-set-up.json'), JSON.stringify(record), { mode: 0o600 });
    const before = await examine();
    expect(before.find('unfinished set-up')).toMatchObject({
      state: 'problem',
      remedy: 'Repair it: cc-relay doctor --fix',
    });
    const after = await examine('--fix');
    expect(after.repairs).toEqual([expect.stringContaining('was given back')]);
    expect(after.ok).toBe(true);
    expect(await settings()).toBe('{"a":1}');
    expect(existsSync(join(data, 'claude-set-up.lock'))).toBe(false);
  });

  it('has another name, and answers wrong usage with 2', async () => {
    const [doctor, alias] = [await run('doctor'), await run('claude', 'doctor')];
    expect(alias).toEqual(doctor);
    expect((await run('doctor', '--nonsense')).code).toBe(2);
    expect((await run('claude', 'doctor', 'now')).warned).toContain('usage: cc-relay doctor');
  });
});
