import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readConfig } from '../../relay-core/config/load-config.ts';
import { call, smallBody } from '../support/call.ts';
import { type RunningCommand, runCommand } from '../support/run-command.ts';
import {
  errorAnswer,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const opened: ScriptedUpstream[] = [];
const openUpstream = async (script: Script = streamAnswer()): Promise<ScriptedUpstream> => {
  const upstream = await ScriptedUpstream.start(script);
  opened.push(upstream);
  return upstream;
};
afterEach(async () => {
  for (const upstream of opened.splice(0)) await upstream.stop();
});

const stream = smallBody({ stream: true });

describe('another configuration in a running relay', () => {
  let relay: StartedRelay;
  afterEach(() => relay.stop());

  const fileFor = (providers: readonly Record<string, unknown>[], more: object = {}) => ({
    routing: { debug: true, patience_ms: 0 },
    providers,
    ...more,
  });

  const reconfigure = (file: object) => {
    const result = readConfig(stringify({ server: { listen: '127.0.0.1:0' }, ...file }), { env: {} });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return relay.relay.reconfigure(result.config);
  };

  it('serves the next request, while a running one finishes on the old', async () => {
    const [old, young] = [await openUpstream(), await openUpstream()];
    let finish = () => {};
    old.always((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents().slice(0, 4).join(''));
      finish = () => response.end(streamEvents().slice(4).join(''));
    });
    relay = await startRelay({ file: fileFor([providerAt(old.url, { name: 'old' })]) });
    const begun = Promise.withResolvers<void>();
    const running = call(relay.url, { body: stream, onText: () => begun.resolve() });
    await begun.promise;
    expect(reconfigure(fileFor([providerAt(young.url, { name: 'young' })]))).toEqual({ ok: true, notes: [] });
    expect((await call(relay.url, { body: stream })).headers['x-cc-relay-provider']).toBe('young');
    finish();
    const seen = await running;
    expect([seen.isWhole, seen.text]).toEqual([true, streamEvents().join('')]);
    while (old.openSockets > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('keeps breakers, cooldowns, retired keys and sessions of what did not change', async () => {
    const [first, second] = [await openUpstream(), await openUpstream()];
    const keys = [{ key: 'dummy-limited' }, { key: 'dummy-refused' }, { key: 'dummy-well' }];
    first.always((response, request) => {
      if (request.headers['x-api-key'] === 'dummy-limited')
        return errorAnswer(429, 'rate_limit_error', { headers: { 'retry-after': '600' } })(response, request);
      if (request.headers['x-api-key'] === 'dummy-refused')
        return errorAnswer(401, 'authentication_error')(response, request);
      return streamAnswer()(response, request);
    });
    const pooling = { strategy: 'round_robin' };
    const file = (more: object = {}) =>
      fileFor(
        [
          providerAt(first.url, { name: 'first', priority: 2, keys, pooling }),
          providerAt(second.url, { name: 'second' }),
        ],
        more,
      );
    relay = await startRelay({ file: file() });
    const headers = { 'x-claude-code-session-id': 'dummy-session' };
    await call(relay.url, { body: stream, headers });
    await relay.waitFor('key-retired');
    second.always(errorAnswer(529, 'overloaded_error'));
    relay.relay.control.isolate('second');
    const asked = first.requests.length;
    expect(reconfigure(file({ logging: { level: 'warn' } })).ok).toBe(true);
    const seen = await call(relay.url, { body: stream, headers });
    expect(seen.headers).toMatchObject({
      'x-cc-relay-provider': 'first',
      'x-cc-relay-keys-available': '1',
      'x-cc-relay-thinking-affinity': 'true',
    });
    expect(first.requests.slice(asked).map(({ headers: sent }) => sent['x-api-key'])).toEqual(['dummy-well']);
    first.always(errorAnswer(529, 'overloaded_error'));
    await call(relay.url, { body: stream });
    expect(second.requests).toHaveLength(0);
  });

  it('forgets what it knew of a provider whose address changed', async () => {
    const [first, second] = [await openUpstream(), await openUpstream()];
    relay = await startRelay({ file: fileFor([providerAt(first.url)]) });
    relay.relay.control.isolate('scripted');
    expect((await call(relay.url)).status).toBe(503);
    reconfigure(fileFor([providerAt(second.url)]));
    expect((await call(relay.url, { body: stream })).status).toBe(200);
  });

  it('changes limits, caps and tokens at once', async () => {
    const first = await openUpstream();
    relay = await startRelay({ file: fileFor([providerAt(first.url)]) });
    reconfigure(
      fileFor([providerAt(first.url, { keys: [{ key: 'dummy-key-0001', rpm_limit: 1 }] })], {
        server: { auth: { api_key: 'dummy-relay-token' } },
        routing: { queue_timeout_ms: 0, patience_ms: 0 },
      }),
    );
    expect((await call(relay.url)).status).toBe(401);
    const headers = { 'x-api-key': 'dummy-relay-token' };
    expect((await call(relay.url, { headers })).status).toBe(200);
    expect((await call(relay.url, { headers })).status).toBe(429);
  });

  it('says what takes effect at the next start only', async () => {
    const first = await openUpstream();
    relay = await startRelay({ file: fileFor([providerAt(first.url)]) });
    const changed = reconfigure(fileFor([providerAt(first.url)], { server: { listen: '127.0.0.1:9' } }));
    expect(changed).toEqual({ ok: true, notes: ['server.listen: takes effect at the next start'] });
  });
});

describe('a saved configuration file', () => {
  let home: string;
  let relay: RunningCommand;
  let address: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cc-relay-reload-'));
  });
  afterEach(async () => {
    relay.process.kill('SIGKILL');
    await relay.exited;
    await rm(home, { recursive: true, force: true });
  });

  const textFor = (name: string, upstream: ScriptedUpstream, more: object = {}) =>
    stringify({ routing: { debug: true }, providers: [providerAt(upstream.url, { name })], ...more });

  const start = async (path: string) => {
    relay = runCommand({
      args: ['serve', '--config', path, '--port', '0', '--data-dir', join(home, 'data')],
      env: { HOME: home, PATH: '/usr/bin:/bin' },
      cwd: home,
    });
    address = /http:\/\/\S+/.exec(await relay.ready)?.[0] ?? '';
  };

  /** Asks until the named provider serves; resolves with how long that took. */
  const served = async (name: string): Promise<number> => {
    const before = performance.now();
    for (;;) {
      const { headers } = await call(address, { body: stream });
      const elapsedMs = performance.now() - before;
      if (headers['x-cc-relay-provider'] === name) return elapsedMs;
      if (elapsedMs > 5000) throw new Error(`${name} never served`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it.each<[string, (path: string, text: string) => Promise<void>]>([
    ['written in place', (path, text) => writeFile(path, text)],
    [
      'replaced by a rename, as editors do',
      async (path, text) => {
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
      },
    ],
  ])('takes effect within a second when it is %s, again and again', async (_name, save) => {
    const [one, two] = [await openUpstream(), await openUpstream()];
    const path = join(home, 'relay.yaml');
    await writeFile(path, textFor('one', one));
    await start(path);
    for (const [name, upstream] of [
      ['two', two],
      ['one', one],
      ['three', two],
    ] as const) {
      await save(path, textFor(name, upstream));
      expect(await served(name)).toBeLessThan(1000);
    }
  });

  it('takes effect when the link above it is swapped, as Kubernetes does', async () => {
    const [one, two] = [await openUpstream(), await openUpstream()];
    for (const [folder, upstream] of [
      ['v1', one],
      ['v2', two],
    ] as const) {
      await mkdir(join(home, folder));
      await writeFile(join(home, folder, 'relay.yaml'), textFor(folder, upstream));
    }
    await symlink('v1', join(home, '..data'));
    await symlink(join('..data', 'relay.yaml'), join(home, 'relay.yaml'));
    await start(join(home, 'relay.yaml'));
    await served('v1');
    await symlink('v2', join(home, '..data.new'));
    await rename(join(home, '..data.new'), join(home, '..data'));
    expect(await served('v2')).toBeLessThan(1000);
  });

  it('that is wrong changes nothing and is named with line and column; mended, it takes effect', async () => {
    const [one, two] = [await openUpstream(), await openUpstream()];
    const path = join(home, 'relay.yaml');
    await writeFile(path, textFor('one', one));
    await start(path);
    await writeFile(path, `${textFor('two', two)}nonsense_here: 1\n`);
    while (!relay.stderr().includes('nonsense_here')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(relay.stderr()).toContain('the one before stays in place');
    expect(relay.stderr()).toMatch(/relay\.yaml:\d+:\d+/);
    await served('one');
    await writeFile(path, textFor('two', two));
    await served('two');
  });

  it('that is gone for a while changes nothing', async () => {
    const [one, two] = [await openUpstream(), await openUpstream()];
    const path = join(home, 'relay.yaml');
    await writeFile(path, textFor('one', one));
    await start(path);
    await rm(path);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await served('one');
    await writeFile(path, textFor('two', two));
    await served('two');
  });

  it('changes the log’s level and format', async () => {
    const one = await openUpstream();
    const path = join(home, 'relay.yaml');
    await writeFile(path, textFor('one', one, { logging: { level: 'error', format: 'json' } }));
    await start(path);
    await served('one');
    expect(relay.stderr()).not.toContain('completed');
    await writeFile(path, textFor('two', one, { logging: { level: 'info', format: 'pretty' } }));
    await served('two');
    while (!relay.stderr().includes('completed')) await served('two');
    expect(relay.stderr()).toMatch(/INFO.*POST \/v1\/messages completed/);
  });
});
