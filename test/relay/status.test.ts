import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCommand, runCommand } from '../support/run-command.ts';

let home: string;
const started: RunningCommand[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'relay-status-'));
});
afterEach(async () => {
  for (const command of started.splice(0)) {
    command.process.kill('SIGKILL');
    await command.exited;
  }
  await rm(home, { recursive: true, force: true });
});

const start = (...args: string[]): RunningCommand => {
  const command = runCommand({ args, env: { HOME: home, PATH: '/usr/bin:/bin' }, cwd: home });
  started.push(command);
  return command;
};

const status = async (...args: string[]) => {
  const command = start('status', ...args);
  return { code: await command.exited, said: command.stdout(), warned: command.stderr() };
};

const dataFolder = () => join(home, 'data');

/** A running relay and its address. */
const serve = async () => {
  const relay = start('serve', '--port', '0', '--data-dir', dataFolder());
  const address = /http:\/\/\S+/.exec(await relay.ready)?.[0] ?? '';
  // The note follows the ready line.
  await expect.poll(async () => (await status('--data-dir', dataFolder())).code).toBe(0);
  return { relay, address };
};

const note = async (address: string, pid: number) => {
  await mkdir(dataFolder());
  await writeFile(join(dataFolder(), 'runtime.json'), JSON.stringify({ pid, address }));
};

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  );

describe('cc-relay status', () => {
  it('says in a sentence, or in JSON, where the relay runs', async () => {
    const earliest = Date.now() - 1_000;
    const { relay, address } = await serve();
    const { code, said } = await status('--data-dir', dataFolder());
    expect(code).toBe(0);
    expect(said).toMatch(/^CC-Relay is running at http:\S+ \(process \d+, since \d{4}-\S+Z\)\.\n$/);
    expect(said).toContain(address);
    const json = await status('--json', '--data-dir', dataFolder());
    expect(json.code).toBe(0);
    const facts = JSON.parse(json.said);
    expect(facts).toMatchObject({ running: true, address, pid: relay.process.pid });
    expect(Date.parse(facts.startedAt)).toBeGreaterThanOrEqual(earliest);
    expect(Date.parse(facts.startedAt)).toBeLessThanOrEqual(Date.now());
  });

  it('knows nothing of a relay with another data folder', async () => {
    await serve();
    expect(await status()).toMatchObject({ code: 1, said: 'CC-Relay is not running.\n' });
  });

  it('tells a relay that was killed from one that was stopped', async () => {
    const first = await serve();
    first.relay.process.kill('SIGKILL');
    await first.relay.exited;
    const { code, said } = await status('--data-dir', dataFolder());
    expect(code).toBe(1);
    expect(said).toMatch(/^CC-Relay is not running \(a relay that ended without notice left the note/);
    const second = await serve();
    second.relay.process.kill('SIGTERM');
    await second.relay.exited;
    const stopped = await status('--data-dir', dataFolder(), '--json');
    expect(stopped.code).toBe(1);
    expect(JSON.parse(stopped.said)).toMatchObject({ running: false, address: null, pid: null });
  });

  it('is not taken in by another process that got the number, nor by another server at the address', async () => {
    const other = createServer((_request, response) => response.setHeader('server', 'dummy-server').end());
    const address = await listen(other);
    await note(address, process.pid);
    const { code, said } = await status('--data-dir', dataFolder());
    other.close();
    expect(code).toBe(1);
    expect(said).toContain('another program answers (dummy-server)');
  });

  it.each(['not json', '{"pid":"1"}', '{"pid":1,"address":"http://"}'])(
    'survives the note %s',
    async (text) => {
      await mkdir(dataFolder());
      await writeFile(join(dataFolder(), 'runtime.json'), text);
      expect((await status('--data-dir', dataFolder())).code).toBe(1);
    },
  );

  it('answers wrong usage with 2', async () => {
    expect(await status('--nonsense')).toMatchObject({ code: 2, said: '' });
    expect((await status('now')).warned).toContain('usage: cc-relay status');
  });
});
