import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySetUp } from '../../../relay-core/claude-code/apply-set-up.ts';
import type { Access } from '../../../relay-core/claude-code/plan-changes.ts';
import { planSetUp } from '../../../relay-core/claude-code/plan-set-up.ts';
import { applyRestore, planRestore } from '../../../relay-core/claude-code/restore.ts';
import { settingsFile } from './settings-texts.ts';

const isPosix = process.platform !== 'win32';
const noon = Date.UTC(2026, 10, 20, 12, 0, 0);
const relayToken = 'ccr_fake0000000000000000000000000000000000000000000';
const relay = { address: 'http://127.0.0.1:8787', tokens: [relayToken] };
const subscription: Access = { mode: 'subscription' };
const token: Access = { mode: 'token', relayToken };

let home = '';
let settings = { path: '', shownAs: '~/.claude/settings.json' };
let dataFolder = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claude-set-up-'));
  settings = { path: join(home, '.claude', 'settings.json'), shownAs: '~/.claude/settings.json' };
  dataFolder = join(home, 'data');
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function write(text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(settings.path), { recursive: true });
  await writeFile(settings.path, text);
  await chmod(settings.path, mode);
}

const read = () => readFile(settings.path, 'utf8');
const names = () => readdirSync(dirname(settings.path)).toSorted();
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

async function plan(access: Access = subscription, address = relay.address) {
  return await planSetUp({ settings, dataFolder, wish: { access, address, shell: {} } });
}

async function init(access: Access = subscription, address = relay.address, epochMs = noon) {
  const planned = await plan(access, address);
  return planned.ok ? await applySetUp({ plan: planned, newToken: undefined }, epochMs) : planned;
}

async function remove(known = relay) {
  const planned = await planRestore({ settings, dataFolder, relay: known });
  return planned.ok ? await applyRestore(planned, noon + 60_000) : planned;
}

const contentOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

describe('setting up Claude Code', () => {
  it('creates a missing file for this user only, and removes it again', async () => {
    expect(await init()).toEqual({ ok: true, backupPath: undefined });
    expect(await read()).toBe(
      '{\n  "env": {\n    "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787",\n    "NO_PROXY": "127.0.0.1,localhost"\n  }\n}\n',
    );
    if (isPosix) {
      expect(await modeOf(settings.path)).toBe(0o600);
      expect(await modeOf(dirname(settings.path))).toBe(0o700);
      expect(await modeOf(join(dataFolder, 'claude-set-up.json'))).toBe(0o600);
    }
    expect(await remove()).toEqual({ ok: true });
    expect(names()).toEqual([]);
  });

  it('keeps indentation, order and foreign keys', async () => {
    await write('{\n\t"model": "opus",\n\t"env": {\n\t\t"FOO": "1"\n\t},\n\t"hooks": {}\n}');
    await init(token);
    expect(await read()).toBe(
      `{\n\t"model": "opus",\n\t"env": {\n\t\t"FOO": "1",\n\t\t"ANTHROPIC_AUTH_TOKEN": "${relayToken}",\n\t\t"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787",\n\t\t"NO_PROXY": "127.0.0.1,localhost"\n\t},\n\t"hooks": {}\n}`,
    );
  });

  it('gives every file back byte for byte, whatever it looked like and however often it was set up', async () => {
    const accesses = fc.array(
      fc.tuple(fc.constantFrom(subscription, token), fc.constantFrom(relay.address, 'http://[::1]:9999')),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(settingsFile, accesses, async (original, rounds) => {
        await rm(home, { recursive: true, force: true });
        if (original !== undefined) await write(original);
        for (const [access, address] of rounds)
          expect(await init(access, address)).toMatchObject({ ok: true });
        // Settings that already said it all have no record; nothing in them is known to be ours then.
        expect(await remove({ address: 'http://127.0.0.1:1', tokens: [] })).toEqual({ ok: true });
        expect(contentOf(settings.path)).toBe(original);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps what the user adds between two set-ups and after them', async () => {
    await write(
      '{\n  "env": {\n    "ANTHROPIC_AUTH_TOKEN": "managed-by-cc-relay"\n  },\n  "model": "opus"\n}\n',
    );
    await init(token);
    await write((await read()).replace('"opus"', '"sonnet"'));
    await init(subscription, 'http://127.0.0.1:9000', noon + 1000);
    await write((await read()).replace('\n}\n', ',\n  "theme": "dark"\n}\n'));
    await remove();
    expect(await read()).toBe(
      '{\n  "env": {\n    "ANTHROPIC_AUTH_TOKEN": "managed-by-cc-relay"\n  },\n  "model": "sonnet",\n  "theme": "dark"\n}\n',
    );
  });

  it('survives a rewrite of the whole file by Claude Code', async () => {
    await write('{"env": {"NO_PROXY": "corp", "A": "1"}, "model": "opus"}');
    await init(token);
    await write(`${JSON.stringify({ ...JSON.parse(await read()), theme: 'dark' }, undefined, 2)}\n`);
    await remove();
    expect(JSON.parse(await read())).toEqual({
      env: { NO_PROXY: 'corp', A: '1' },
      model: 'opus',
      theme: 'dark',
    });
  });

  it.each([undefined, '', ' \n'])(
    'leaves nothing where there was nothing (%j), even after a rewrite',
    async (original) => {
      if (original !== undefined) await write(original);
      await init();
      await write(JSON.stringify(JSON.parse(await read())));
      await remove();
      expect(contentOf(settings.path)).toBe(original);
    },
  );

  it('gives a previous value back as it was spelled', async () => {
    await write('{"env":{"ANTHROPIC_BASE_URL":"https:\\/\\/example.test","NO_PROXY":7}}');
    await init();
    await write(`${await read()}\n`);
    await remove();
    expect(await read()).toBe('{"env":{"ANTHROPIC_BASE_URL":"https:\\/\\/example.test","NO_PROXY":7}}\n');
  });

  it('gives the original back when a crash came between the record and the settings', async () => {
    await write('{"a":1}');
    await init();
    const first = await read();
    await init(token, 'http://127.0.0.1:9000', noon + 1000);
    await write(first);
    await remove();
    expect(await read()).toBe('{"a":1}');
  });

  it('leaves and names what the user changed since', async () => {
    await write('{"env":{"ANTHROPIC_BASE_URL":"https://example.test"}}');
    await init();
    await write((await read()).replace('http://127.0.0.1:8787', 'https://other.test'));
    expect(await planRestore({ settings, dataFolder, relay })).toMatchObject({
      kept: ['ANTHROPIC_BASE_URL'],
    });
    await remove();
    expect(await read()).toBe('{"env":{"ANTHROPIC_BASE_URL":"https://other.test"}}');
  });

  it('writes nothing the second time, not even a backup', async () => {
    await write('{}');
    await init();
    const before = names();
    expect(await plan()).toMatchObject({ ok: true, diff: [] });
    expect(await init()).toEqual({ ok: true, backupPath: undefined });
    expect(names()).toEqual(before);
  });

  it('backs up beside the file under a name of its own, with the same mode', async () => {
    await write('{"a":1}', 0o644);
    const taken = `${settings.path}.cc-relay-20261120T120000Z.bak`;
    await writeFile(taken, 'older');
    const done = await init();
    expect(done).toEqual({ ok: true, backupPath: `${settings.path}.cc-relay-20261120T120000Z-2.bak` });
    expect(await readFile(taken, 'utf8')).toBe('older');
    expect(await readFile(`${settings.path}.cc-relay-20261120T120000Z-2.bak`, 'utf8')).toBe('{"a":1}');
    if (isPosix) expect(await modeOf(`${settings.path}.cc-relay-20261120T120000Z-2.bak`)).toBe(0o644);
  });

  it('gives the original back although every backup was deleted', async () => {
    await write('{ "a" : 1 }');
    await init();
    for (const name of names().filter((each) => each.endsWith('.bak'))) {
      await rm(join(dirname(settings.path), name));
    }
    await remove();
    expect(await read()).toBe('{ "a" : 1 }');
  });

  it('refuses when the file changes between reading and writing', async () => {
    await write('{"a":1}');
    const planned = await plan();
    if (!planned.ok) throw new Error(planned.message);
    await write('{"a":2}');
    const done = await applySetUp({ plan: planned, newToken: undefined }, noon);
    expect(done).toMatchObject({ ok: false, message: expect.stringContaining('changed meanwhile') });
    expect(await read()).toBe('{"a":2}');
    expect(JSON.parse(await readFile(join(dataFolder, 'claude-set-up.json'), 'utf8')).settings).toEqual({});
    expect(await remove()).toEqual({ ok: true });
    expect(await read()).toBe('{"a":2}');
  });

  it('refuses when a missing file appears before the write', async () => {
    const planned = await plan();
    if (!planned.ok) throw new Error(planned.message);
    await write('{"a":2}');
    expect(await applySetUp({ plan: planned, newToken: undefined }, noon)).toMatchObject({ ok: false });
    expect(await read()).toBe('{"a":2}');
  });

  it('refuses to give back over a change made meanwhile', async () => {
    await init();
    const planned = await planRestore({ settings, dataFolder, relay });
    if (!planned.ok) throw new Error(planned.message);
    await write('{"a":2}');
    expect(await applyRestore(planned, noon)).toMatchObject({ ok: false });
    expect(await read()).toBe('{"a":2}');
  });

  it.each([
    ['a comma too many', '{\n  "a": 1,\n}', '3:1'],
    ['a comment', '{\r\n  // mine\r\n}', '2:3'],
    ['a missing brace', '{"a": {"b": 1}', '1:15'],
    ['two roots', '{} {}', '1:4'],
    ['null', 'null', '1:1'],
    ['a list', '\n [{"env": {}}]', '2:2'],
    ['a text as env', '{"env":\n "x"}', '2:2'],
    ['a list as env', '{"env": []}', '1:9'],
    ['env twice', '{"env": {},\n"env": {}}', '2:1'],
    ['a variable twice', '{"env": {"NO_PROXY": "a", "NO_PROXY": "b"}}', '1:27'],
  ])('refuses %s with its position and writes nothing', async (_, text, position) => {
    await write(text);
    const message = expect.stringContaining(`${settings.path}:${position}: `);
    expect(await init()).toMatchObject({ ok: false, message });
    expect(await remove()).toMatchObject({ ok: false, message });
    expect(await read()).toBe(text);
    expect(names()).toEqual(['settings.json']);
  });

  it('refuses a file that is not UTF-8', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    await write('');
    await writeFile(settings.path, bytes);
    expect(await init()).toMatchObject({ ok: false, message: expect.stringContaining('UTF-8') });
    expect(await readFile(settings.path)).toEqual(bytes);
  });

  it('refuses a damaged record, because it may hold the only originals', async () => {
    await write('{"a":1}');
    await mkdir(dataFolder);
    await writeFile(join(dataFolder, 'claude-set-up.json'), '{"version":1');
    expect(await init()).toMatchObject({ ok: false, message: expect.stringContaining('is damaged') });
    expect(await remove()).toMatchObject({ ok: false });
    expect(await read()).toBe('{"a":1}');
  });

  describe.runIf(isPosix)('with POSIX files', () => {
    it.each([0o644, 0o600, 0o666])('keeps mode %i (decimal)', async (mode) => {
      await write('{"a":1}', mode);
      await init();
      expect(await modeOf(settings.path)).toBe(mode);
      await remove();
      expect(await modeOf(settings.path)).toBe(mode);
    });

    it('follows a link and keeps it', async () => {
      await write('');
      const target = join(home, 'dotfiles', 'claude.json');
      await mkdir(dirname(target));
      await writeFile(target, '{"a":1}');
      await rm(settings.path);
      await symlink(target, settings.path);
      await init();
      expect((await lstat(settings.path)).isSymbolicLink()).toBe(true);
      expect(await readFile(target, 'utf8')).toContain('127.0.0.1:8787');
      expect(readdirSync(dirname(target))).toEqual(['claude.json']);
      await remove();
      expect((await lstat(settings.path)).isSymbolicLink()).toBe(true);
      expect(await readFile(target, 'utf8')).toBe('{"a":1}');
    });

    it('refuses a link that leads nowhere', async () => {
      await mkdir(dirname(settings.path));
      await symlink(join(home, 'gone.json'), settings.path);
      expect(await init()).toMatchObject({ ok: false, message: expect.stringContaining('does not exist') });
    });

    it('says which folder is read-only and loses nothing', async () => {
      await mkdir(dataFolder);
      await chmod(home, 0o755);
      await chmod(dataFolder, 0o777);
      await write('{"a":1}', 0o666);
      await chmod(dirname(settings.path), 0o555);
      const done = await asOrdinaryUser(() => init());
      expect(done).toMatchObject({
        ok: false,
        message: expect.stringMatching(/settings\.json .*\(EACCES\)\. Allow/),
      });
      expect(await read()).toBe('{"a":1}');
      expect(names()).toEqual(['settings.json']);
    });

    it('refuses a file that its owner made read-only', async () => {
      await mkdir(dataFolder);
      await write('{"a":1}', 0o444);
      for (const path of [home, dataFolder, dirname(settings.path)]) await chmod(path, 0o777);
      if (process.geteuid?.() === 0) await chown(settings.path, 65534, 0);
      const done = await asOrdinaryUser(() => init());
      const message = expect.stringContaining('settings.json cannot be written (EACCES)');
      expect(done).toMatchObject({ ok: false, message });
      expect(await read()).toBe('{"a":1}');
    });
  });
});

/** Root may write everywhere, so the test becomes somebody else for a while. */
async function asOrdinaryUser<Result>(act: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return await act();
  process.seteuid?.(65534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

describe('giving settings back without a record', () => {
  it.each([
    [
      'this relay under another name',
      '{"a":1,"env":{"ANTHROPIC_BASE_URL":"http://localhost:8787"}}',
      '{"a":1}',
    ],
    ['the stand-in', '{"env":{"X":"1","ANTHROPIC_AUTH_TOKEN":"managed-by-cc-relay"}}', '{"env":{"X":"1"}}'],
    ['a token of the relay', `{"env":{"ANTHROPIC_AUTH_TOKEN":"${relayToken}","X":"1"}}`, '{"env":{"X":"1"}}'],
  ])('removes %s', async (_, text, rest) => {
    await write(text);
    expect(await remove()).toEqual({ ok: true });
    expect(await read()).toBe(rest);
  });

  it.each([
    ['another port', '{"env":{"ANTHROPIC_BASE_URL":"http://127.0.0.1:9999"}}'],
    ['another host', '{"env":{"ANTHROPIC_BASE_URL":"http://gateway.test:8787"}}'],
    ["the user's own token", '{"env":{"ANTHROPIC_AUTH_TOKEN":"fake-token-of-the-user"}}'],
    ['an empty env', '{"env":{}}'],
  ])('leaves %s', async (_, text) => {
    await write(text);
    await remove();
    expect(await read()).toBe(text);
    expect(names()).toEqual(['settings.json']);
  });
});
