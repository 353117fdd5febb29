import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { call, smallBody } from '../support/call.ts';
import { entry, type RunningCommand, runCommand } from '../support/run-command.ts';
import { messageBody, ScriptedUpstream, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt } from '../support/start-relay.ts';

let home: string;
let upstream: ScriptedUpstream;
const started: RunningCommand[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cc-relay-test-'));
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  for (const command of started.splice(0)) {
    command.process.kill('SIGKILL');
    await command.exited;
  }
  await upstream.stop();
  await rm(home, { recursive: true, force: true });
});

const start = (
  args: readonly string[],
  more: { env?: Record<string, string>; nodeFlags?: string[] } = {},
) => {
  const env = { HOME: home, PATH: '/usr/bin:/bin', ...more.env };
  const command = runCommand({ args, env, cwd: home, nodeFlags: more.nodeFlags ?? [] });
  started.push(command);
  return command;
};

const configFile = async (file: object = {}): Promise<string> => {
  const path = join(home, 'relay.yaml');
  await writeFile(path, stringify({ providers: [providerAt(upstream.url)], ...file }));
  return path;
};

const addressIn = (line: string): string => /http:\/\/\S+/.exec(line)?.[0] ?? '';

const holdPort = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

describe('cc-relay serve', () => {
  it('prints exactly one line on stdout when it is ready, logs on stderr, and relays', async () => {
    const relay = start(['serve', '--config', await configFile(), '--port', '0']);
    const line = await relay.ready;
    expect(line).toMatch(/^cc-relay listening on http:\/\/127\.0\.0\.1:\d+\n$/);
    const seen = await call(addressIn(line));
    expect(seen.text).toBe(messageBody);
    relay.process.kill('SIGTERM');
    expect(await relay.exited).toBe(0);
    expect(relay.stdout()).toBe(line);
    expect(relay.stderr()).toContain('POST /v1/messages completed');
  });

  it('writes a commented default on its first start and says where, and the next start takes it', async () => {
    const path = join(home, '.config', 'cc-relay', 'config.yaml');
    for (const isFirst of [true, false]) {
      const relay = start(['serve', '--port', '0']);
      const address = addressIn(await relay.ready);
      expect(relay.stderr().includes('wrote a commented default')).toBe(isFirst);
      expect(relay.stderr()).toContain(`config: ${path}`);
      const providers = await call(address, { method: 'GET', path: '/v1/providers' });
      expect(JSON.parse(providers.text).data).toMatchObject([
        { name: 'anthropic', type: 'anthropic', base_url: 'https://api.anthropic.com', active: true },
      ]);
      const refused = await call(address);
      expect(refused.status).toBe(503);
      relay.process.kill('SIGINT');
      expect(await relay.exited).toBe(0);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^#/);
  });

  it('serves from the built-in default where nothing can be written', async () => {
    await writeFile(join(home, '.config'), 'a file in the way');
    const relay = start(['serve', '--port', '0']);
    expect(await relay.ready).toContain('listening');
    expect(relay.stderr()).toContain('config: the built-in default');
  });

  it('notes pid and address in runtime.json (0600) while it runs', async () => {
    const data = join(home, 'data');
    const relay = start(['serve', '--config', await configFile(), '--port', '0', '--data-dir', data]);
    const address = addressIn(await relay.ready);
    const path = join(data, 'runtime.json');
    await expect.poll(() => existsSync(path)).toBe(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ pid: relay.process.pid, address });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    relay.process.kill('SIGTERM');
    await relay.exited;
    expect(existsSync(path)).toBe(false);
  });

  it('lets a running stream finish at SIGTERM, takes no new connection, and exits 0', async () => {
    let finish = () => {};
    const events = streamEvents();
    upstream.always((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events.slice(0, 3).join(''));
      finish = () => response.end(events.slice(3).join(''));
    });
    const relay = start(['serve', '--config', await configFile(), '--port', '0']);
    const address = addressIn(await relay.ready);
    let isStopping = false;
    const answered = call(address, {
      body: smallBody({ stream: true }),
      onText: () => {
        if (!isStopping) relay.process.kill('SIGTERM');
        isStopping = true;
      },
    });
    await expect.poll(() => relay.stderr()).toContain('stopping');
    await expect(call(address, { method: 'GET', path: '/health' })).rejects.toThrow();
    finish();
    const seen = await answered;
    expect(seen.text).toBe(events.join(''));
    expect(seen.isWhole).toBe(true);
    expect(await relay.exited).toBe(0);
  });

  it('stops when the npm that started it is gone', async () => {
    const config = await configFile();
    const command = `"${process.execPath}" "${entry}" serve --config "${config}" --port 0; true`;
    const shell = spawn('sh', ['-c', command], {
      env: { HOME: home, PATH: '/usr/bin:/bin', npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    await new Promise<void>((resolve) => {
      shell.stdout.on('data', (chunk) => {
        printed += chunk;
        if (printed.includes('\n')) resolve();
      });
    });
    const ended = new Promise((resolve) => shell.stdout.on('close', resolve));
    shell.kill('SIGTERM');
    await ended;
    await expect(call(addressIn(printed), { method: 'GET', path: '/health' })).rejects.toThrow();
  });

  it('cuts what still runs at a second signal', async () => {
    upstream.always(() => undefined);
    const relay = start(['serve', '--config', await configFile(), '--port', '0']);
    const answered = call(addressIn(await relay.ready)).catch((error: Error) => error);
    await upstream.until(() => upstream.requests.length === 1);
    relay.process.kill('SIGTERM');
    await expect.poll(() => relay.stderr()).toContain('stopping');
    relay.process.kill('SIGTERM');
    expect(await relay.exited).toBe(0);
    expect(await answered).toBeInstanceOf(Error);
  });

  it('exits 2 for a port in use and names what answers there', async () => {
    const http = createServer((_request, response) => response.setHeader('server', 'dummy-server').end());
    const mute = createTcpServer((socket) => socket.end('220 dummy ready\r\n'));
    const config = await configFile();
    const first = start(['serve', '--config', config, '--port', '0']);
    const taken = [
      [new URL(addressIn(await first.ready)).port, 'another CC-Relay answers there'],
      [String(await holdPort(http)), 'an HTTP server answers there (dummy-server)'],
      [String(await holdPort(mute)), 'a program that does not speak HTTP holds it'],
    ] as const;
    for (const [port, words] of taken) {
      const second = start(['serve', '--config', config, '--port', port]);
      expect(await second.exited).toBe(2);
      expect(second.stderr()).toContain(words);
      expect(second.stdout()).toBe('');
    }
    http.close();
    mute.close();
  });

  it('refuses to listen beyond loopback without a token', async () => {
    const relay = start(['serve', '--config', await configFile(), '--host', '0.0.0.0', '--port', '0']);
    expect(await relay.exited).toBe(1);
    expect(relay.stderr()).toContain('server.auth.api_key');
    const server = { auth: { api_key: 'dummy-relay-token' } };
    const open = start([
      'serve',
      '--config',
      await configFile({ server }),
      '--host',
      '0.0.0.0',
      '--port',
      '0',
    ]);
    expect(await open.ready).toMatch(/^cc-relay listening on http:\/\/0\.0\.0\.0:\d+\n$/);
  });

  it('says every problem of a bad configuration with file, line and column, and exits 1', async () => {
    const path = join(home, 'bad.yaml');
    await writeFile(path, 'server:\n  lisen: x\nproviders:\n  - name: a\n    type: anthropc\n');
    const relay = start(['serve', '--config', path]);
    expect(await relay.exited).toBe(1);
    expect(relay.stderr()).toContain(
      `${path}:2:3: server.lisen: unknown key "lisen"; did you mean "listen"?`,
    );
    expect(relay.stderr()).toContain(`${path}:5:11: providers[0].type:`);
  });

  it('writes its log to a file of its owner alone, or to stdout after the ready line', async () => {
    const output = join(home, 'logs', 'relay.log');
    const toFile = start(['serve', '--config', await configFile({ logging: { output } }), '--port', '0']);
    await call(addressIn(await toFile.ready));
    await expect.poll(() => readFile(output, 'utf8')).toContain('completed');
    expect((await stat(output)).mode & 0o777).toBe(0o600);
    const logging = { output: 'stdout' };
    const toStdout = start(['serve', '--config', await configFile({ logging }), '--port', '0']);
    await call(addressIn(await toStdout.ready));
    await expect.poll(() => toStdout.stdout()).toMatch(/^cc-relay listening on \S+\n\{.*completed"\}\n$/);
  });

  it.each([
    [['serve', '--port', 'many']],
    [['serve', '--port', '70000']],
    [['serve', '--log-level', 'loud']],
    [['serve', '--nonsense']],
    [['nonsense']],
  ])('answers wrong usage %o with exit code 2 and the usage', async (args) => {
    const command = start(args);
    expect(await command.exited).toBe(2);
    expect(command.stderr()).toContain('cc-relay serve [--config FILE]');
  });
});

describe('cc-relay', () => {
  it('says one sentence under an old Node and exits 2', async () => {
    const pretend = "Object.defineProperty(process,'versions',{value:{node:'20.20.2'}})";
    const command = start(['version'], { nodeFlags: ['--import', `data:text/javascript,${pretend}`] });
    expect(await command.exited).toBe(2);
    expect(command.stderr()).toMatch(/^cc-relay needs Node\.js 24 or later; this is 20\.20\.2\. [^\n]+\n$/);
  });

  it('tells its version and its commands', async () => {
    const version = start(['version']);
    expect(await version.exited).toBe(0);
    expect(version.stdout()).toMatch(/^cc-relay \d+\.\d+\.\d+\n$/);
    const help = start([]);
    expect(await help.exited).toBe(0);
    expect(help.stdout()).toContain('cc-relay claude init');
  });

  it('takes the documented `config cc init|remove` for `claude init|remove`', async () => {
    const settings = join(home, '.claude', 'settings.json');
    const init = start(['config', 'cc', 'init', '--proxy-url', 'http://127.0.0.1:8787']);
    expect(await init.exited).toBe(0);
    expect(JSON.parse(await readFile(settings, 'utf8')).env.ANTHROPIC_BASE_URL).toBe('http://127.0.0.1:8787');
    const remove = start(['config', 'cc', 'remove']);
    expect(await remove.exited).toBe(0);
    expect(existsSync(settings)).toBe(false);
  });
});
