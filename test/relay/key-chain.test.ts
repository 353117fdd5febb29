import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { call } from '../support/call.ts';
import { environmentIn, KeyChainSession, type KeysRun, runKeys } from '../support/key-chain.ts';
import { entry } from '../support/run-command.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';

// Real processes, some of which wait for a time limit of three seconds, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const firstKey = 'sk-ant-api03-fake-first-key-for-tests-only-0001';
const secondKey = 'fake-second-key-for-tests-only-0002';
const thirdKey = 'fake-third-$$-key-for-tests-only-0003';
const fourthKey = 'fake-fourth-key-for-tests-only-0004';
const allKeys = [
  firstKey,
  secondKey,
  thirdKey,
  fourthKey,
  thirdKey.replace('$$', '$'),
  'schlüssel-für-tests-✓',
];

let sessions: KeyChainSession[] = [];
let runs: KeysRun[] = [];
beforeEach(() => {
  sessions = [];
  runs = [];
});
afterEach(async () => {
  for (const run of runs) {
    run.process.kill('SIGKILL');
    await run.exited;
  }
  for (const session of sessions) await session.stop();
  const printed = runs.map((run) => run.stdout() + run.stderr()).join('\n');
  for (const key of allKeys) expect(printed).not.toContain(key);
});

/** How a config names a secret. */
const reference = (name: string): string => `\${keychain:${name}}`;

const startSession = async (kind?: 'unlocked' | 'empty' | 'absent'): Promise<KeyChainSession> => {
  const session = await KeyChainSession.start(kind);
  sessions.push(session);
  return session;
};

const start = (
  args: readonly string[],
  env: Record<string, string>,
  input?: string | Uint8Array,
): KeysRun => {
  const run = runKeys(args, env, input);
  runs.push(run);
  return run;
};

const keys = async (session: { env: Record<string, string> }, words: string, input = '') => {
  const run = start(['keys', ...words.split(' ')], session.env, input);
  const code = await run.exited;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
};

/** A file of /proc for each process that belongs to a session: its command line, as anyone can see it, or its maps. */
const processes = (session: KeyChainSession, file: 'cmdline' | 'maps' = 'cmdline'): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(session.folder);
        return isOurs ? [readFileSync(`/proc/${pid}/${file}`, 'utf8')] : [];
      } catch {
        // The process has ended meanwhile.
        return [];
      }
    });

const expectNoProcess = (session: KeyChainSession) =>
  expect.poll(() => processes(session).join('\n')).not.toContain('key-chain-process.ts');

describe('cc-relay keys add, list, remove', () => {
  it('keeps a key, lists its name, replaces it and removes it', async () => {
    const session = await startSession();
    expect(await keys(session, 'list')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'The key chain holds no keys of CC-Relay.\n',
    });
    expect(await keys(session, 'add work', `${firstKey}\n`)).toEqual({
      code: 0,
      stdout: `Added work in the key chain.\nIn the config: key: "${reference('work')}"\n`,
      stderr: '',
    });
    expect(await keys(session, 'add a.b_C-9', secondKey)).toMatchObject({ code: 0 });
    expect(await session.contents()).toEqual({ work: firstKey, 'a.b_C-9': secondKey });
    expect(await keys(session, 'list')).toEqual({ code: 0, stdout: 'a.b_C-9\nwork\n', stderr: '' });

    const replaced = await keys(session, 'add work', 'schlüssel-für-tests-✓\r\n');
    expect(replaced).toMatchObject({ code: 0, stdout: expect.stringContaining('Replaced work') });
    expect(await session.contents()).toMatchObject({ work: 'schlüssel-für-tests-✓' });

    expect(await keys(session, 'remove work')).toMatchObject({ code: 0, stderr: '' });
    expect(await keys(session, 'remove work')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The key chain has no key work.\n',
    });
    expect(await session.contents()).toEqual({ 'a.b_C-9': secondKey });
  });

  it('keeps 8 KB, and refuses what is longer, empty, of several lines or a login of Claude Code', async () => {
    const session = await startSession();
    const longest = 'x'.repeat(8192);
    expect(await keys(session, 'add long', `${longest}\n`)).toMatchObject({ code: 0 });
    expect(await session.contents()).toEqual({ long: longest });
    const refused = [
      [`${longest}x`, 'longer than 8192 bytes'],
      ['y'.repeat(1_000_000), 'longer than 8192 bytes'],
      ['', 'is empty'],
      ['\n', 'is empty'],
      [`${secondKey}\n\n`, 'more than one line'],
      [`${secondKey}\n${secondKey}`, 'more than one line'],
      ['sk-ant-oat01-fake-subscription-token', 'is a subscription token'],
    ] as const;
    const answers = refused.map(async ([value, reason]) => {
      const { code, stdout, stderr } = await keys(session, 'add other', value);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('sk-ant-oat01-fake');
    });
    await Promise.all(answers);
    expect(Object.keys(await session.contents())).toEqual(['long']);
  });

  it('works in several processes at once', async () => {
    const session = await startSession();
    const names = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const added = await Promise.all(names.map((name) => keys(session, `add ${name}`, secondKey)));
    for (const { code, stderr } of added) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await session.contents()).toEqual(Object.fromEntries(names.map((name) => [name, secondKey])));
  });

  it('says which entries of the config use a key, and which keys are missing', async () => {
    const session = await startSession();
    const config = join(session.folder, 'relay.yaml');
    await writeFile(
      config,
      `providers:\n  - name: a\n    type: anthropic\n    keys:\n      - key: ${reference('work')}\n      - key: ${reference('gone')}\n`,
    );
    await keys(session, 'add work', firstKey);
    await keys(session, 'add spare', secondKey);
    expect(await keys(session, `list --config ${config}`)).toEqual({
      code: 0,
      stdout: 'spare\nwork  used by providers[0].keys[0].key\n',
      stderr: 'providers[0].keys[1].key names the key gone, which is not in the key chain.\n',
    });
  });

  it('takes no key as an argument, and repeats none', async () => {
    const env = environmentIn('/nonexistent');
    const wrong = [
      ['add', 'work', secondKey],
      ['add', firstKey],
      ['add', `--value=${secondKey}`],
      ['add', 'work', '-x', secondKey],
      ['add', 'not a name'],
      ['add', 'x'.repeat(65)],
      ['add'],
      ['remove'],
      ['remove', 'a', 'b'],
      ['list', 'x'],
      ['import', firstKey],
      ['nonsense'],
      [],
    ];
    const answers = wrong.map(async (args) => {
      const run = start(['keys', ...args], { ...env, HOME: tmpdir() });
      expect(await run.exited).toBe(2);
      expect(run.stderr()).toContain('usage: cc-relay keys add NAME');
      expect(run.stdout()).toBe('');
    });
    await Promise.all(answers);
    const [first] = runs;
    expect(first?.stderr()).toMatch(/^Only the NAME is an argument: other programs can see arguments/);
  });

  it('asks for the key at a terminal without showing it', async () => {
    const session = await startSession();
    const inTerminal = async (typed: string) => {
      const command = `${process.execPath} ${entry} keys add typed`;
      const terminal = spawn('/usr/bin/script', ['-qfec', command, '/dev/null'], {
        env: session.env,
        cwd: session.folder,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let shown = '';
      const code = await new Promise<number | null>((resolve) => {
        terminal.stdout.on('data', (chunk) => {
          const before = shown;
          shown += chunk;
          const isPrompt = shown.includes('Enter ends') && !before.includes('Enter ends');
          if (isPrompt) terminal.stdin.write(typed);
        });
        terminal.on('close', resolve);
      });
      return { code, shown };
    };
    const done = await inTerminal(`${secondKey}xy\u007f\u007f\r`);
    expect(done.shown).toContain('Key (not shown; Enter ends): ');
    expect(done.shown).not.toContain(secondKey.slice(0, 8));
    expect(done.code).toBe(0);
    expect(await session.contents()).toEqual({ typed: secondKey });
    const cancelled = await inTerminal('abc\u0003');
    expect(cancelled).toMatchObject({ code: 1, shown: expect.stringContaining('Cancelled') });
    expect(await session.contents()).toEqual({ typed: secondKey });
  });

  it('never has a key in a command line, and leaves no process behind', async () => {
    const session = await startSession();
    const run = start(['keys', 'add', 'work'], session.env, secondKey);
    const seen: string[] = [];
    const state = { isOver: false };
    void run.exited.then(() => {
      state.isOver = true;
    });
    while (!state.isOver) {
      seen.push(...processes(session));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await run.exited).toBe(0);
    expect(seen.some((line) => line.includes('key-chain-process.ts'))).toBe(true);
    for (const line of seen) expect(line).not.toContain(secondKey);
    await expectNoProcess(session);
  });
});

const plainConfig = `# mine, not yours
providers:
  - name: anthropic   # the first
    type: anthropic
    keys:
      # the one from work
      - key: ${firstKey}   # until March
        label: Work
      - key:   '${thirdKey}'
      - { "key": "\${FROM_ENVIRONMENT}",label: env }
      - {key:   ${fourthKey},  label: env}
  - name: "z.ai (team)"
    type: zai
    keys:
    - key: "${secondKey}" # the team's
`;
/** The config's editor quotes a reference where the language wants it. */
const unquoted = (text: string): string => text.replaceAll(/["'](\$\{keychain:[^}]*\})["']/g, '$1');
const movedConfig = plainConfig
  .split(`'${thirdKey}'`)
  .join(reference('anthropic-2'))
  .replace(firstKey, reference('anthropic-Work'))
  .replace(fourthKey, reference('anthropic-env'))
  .replace(`"${secondKey}"`, reference('z.ai-team-1'));
// `$$` in a config is one dollar sign.
const movedKeys = {
  'anthropic-Work': firstKey,
  'anthropic-2': thirdKey.replace('$$', '$'),
  'anthropic-env': fourthKey,
  'z.ai-team-1': secondKey,
};

describe('cc-relay keys import', () => {
  it('moves the plain keys of a config, and leaves every other byte of it as it was', async () => {
    const session = await startSession();
    await mkdir(join(session.folder, 'config', 'cc-relay'), { recursive: true });
    const config = join(session.folder, 'config', 'cc-relay', 'config.yaml');
    await writeFile(config, plainConfig);
    await chmod(config, 0o640);

    const dry = await keys(session, 'import --dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('Dry run: nothing was written.');
    expect(await readFile(config, 'utf8')).toBe(plainConfig);
    expect(await session.contents()).toEqual({});

    const done = await keys(session, 'import');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain(
      [
        '--- ~/config/cc-relay/config.yaml',
        '+++ ~/config/cc-relay/config.yaml',
        '@@ line 7: providers[0].keys[0].key',
        '-  key: sk-ant-api03-…0001',
        `+  key: ${reference('anthropic-Work')}`,
        '@@ line 9: providers[0].keys[1].key',
        '-  key: …0003',
        `+  key: ${reference('anthropic-2')}`,
        '@@ line 11: providers[0].keys[3].key',
        '-  key: …0004',
        `+  key: ${reference('anthropic-env')}`,
        '@@ line 15: providers[1].keys[0].key',
        '-  key: …0002',
        `+  key: ${reference('z.ai-team-1')}`,
        '4 of the keys in ~/config/cc-relay/config.yaml moved to the key chain.',
        'Backup: ~/config/cc-relay/config.yaml.cc-relay-',
      ].join('\n'),
    );
    expect(unquoted(await readFile(config, 'utf8'))).toBe(movedConfig);
    expect((await stat(config)).mode & 0o777).toBe(0o640);
    expect(await session.contents()).toEqual(movedKeys);

    const [backup, ...others] = (await readdir(join(config, '..'))).filter((name) => name !== 'config.yaml');
    expect(others).toEqual([]);
    const backupPath = join(config, '..', backup ?? '');
    expect(await readFile(backupPath, 'utf8')).toBe(plainConfig);
    expect((await stat(backupPath)).mode & 0o777).toBe(0o600);

    expect(await keys(session, 'import')).toEqual({
      code: 0,
      stdout: '~/config/cc-relay/config.yaml has no plain keys.\n',
      stderr: '',
    });
  });

  it('moves the keys of a TOML config', async () => {
    const session = await startSession();
    const config = join(session.folder, 'relay.toml');
    const text = `# mine\n[[providers]]\nname = "a"\ntype = "anthropic"\n[[providers.keys]]\nkey = '${secondKey}'   # c\n`;
    await writeFile(config, text);
    expect(await keys(session, `import --config ${config}`)).toMatchObject({ code: 0, stderr: '' });
    const moved = unquoted(await readFile(config, 'utf8'));
    expect(moved).toBe(text.replace(`'${secondKey}'`, reference('a-1')));
    expect(await session.contents()).toEqual({ 'a-1': secondKey });
  });

  it('takes no name that holds another key, and leaves a login of Claude Code where it is', async () => {
    const session = await startSession();
    const config = join(session.folder, 'relay.yaml');
    const subscription = 'sk-ant-oat01-fake-subscription-token';
    await writeFile(
      config,
      `providers:\n  - name: a\n    type: anthropic\n    keys:\n      - key: ${firstKey}\n      - key: ${subscription}\n# was: ${firstKey}\n`,
    );
    await keys(session, 'add a-1', secondKey);
    const done = await keys(session, `import --config ${config}`);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain('line 6: providers[0].keys[1].key: the key is a subscription token');
    expect(done.stderr).toContain('still holds a moved key, in line 7');
    expect(done.stdout + done.stderr).not.toContain(subscription);
    expect(unquoted(await readFile(config, 'utf8'))).toBe(
      `providers:\n  - name: a\n    type: anthropic\n    keys:\n      - key: ${reference('a-1-2')}\n      - key: ${subscription}\n# was: ${firstKey}\n`,
    );
    expect(await session.contents()).toEqual({ 'a-1': secondKey, 'a-1-2': firstKey });
  });

  it('loses no key when it is killed at any point', async () => {
    const session = await startSession();
    const config = join(session.folder, 'relay.yaml');
    const startedAt = performance.now();
    await writeFile(config, plainConfig);
    expect(await keys(session, `import --config ${config}`)).toMatchObject({ code: 0 });
    const wholeMs = performance.now() - startedAt;
    for (const name of Object.keys(movedKeys)) await keys(session, `remove ${name}`);

    const outcomes = { old: 0, new: 0 };
    const points = 16;
    for (let point = 0; point < points; point += 1) {
      await writeFile(config, plainConfig);
      const run = start(['keys', 'import', '--config', config], session.env);
      const delayMs = ((point + Math.random()) / points) * wholeMs;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      run.process.kill('SIGKILL');
      await run.exited;
      const text = unquoted(await readFile(config, 'utf8'));
      const note = `killed after ${delayMs} ms of ${wholeMs}`;
      expect([plainConfig, movedConfig], note).toContain(text);
      if (text === movedConfig) expect(await session.contents(), note).toMatchObject(movedKeys);
      outcomes[text === movedConfig ? 'new' : 'old'] += 1;
    }
    expect(outcomes.old).toBeGreaterThan(0);

    await writeFile(config, plainConfig);
    expect(await keys(session, `import --config ${config}`)).toMatchObject({ code: 0 });
    expect(unquoted(await readFile(config, 'utf8'))).toBe(movedConfig);
    expect(await session.contents()).toEqual(movedKeys);
    await expectNoProcess(session);
  });
});

describe('cc-relay keys without a key chain', () => {
  const expectRefusal = async (env: Record<string, string>, reason: string) => {
    const config = join(env.HOME ?? '', 'relay.yaml');
    await writeFile(config, plainConfig);
    const startedAt = performance.now();
    const added = await keys({ env }, 'add my.work-key', secondKey);
    const tookMs = performance.now() - startedAt;
    expect(added.code).toBe(1);
    expect(added.stdout).toBe('');
    expect(added.stderr).toMatch(/^Nothing was done: /);
    expect(added.stderr).toContain(reason);
    expect(added.stderr).toContain("  export MY_WORK_KEY='<the key>'\n");
    expect(added.stderr).toContain(`    - key: \${MY_WORK_KEY}\n`);
    const others = await Promise.all(
      ['list', 'remove work', `import --config ${config}`].map((words) => keys({ env }, words)),
    );
    for (const { code, stdout } of others) expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(await readFile(config, 'utf8')).toBe(plainConfig);
    return tookMs;
  };

  it('says so where there is no D-Bus, and shows how to use a variable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cc-relay-keys-'));
    await expectRefusal(environmentIn(folder), 'there is no D-Bus session here');
    await rm(folder, { recursive: true });
  });

  it('says so where libsecret is missing', async () => {
    const session = await startSession();
    const library = join(session.folder, 'library');
    await mkdir(library);
    // The loader takes the first file of the name, and this one is none it can load.
    await writeFile(join(library, 'libsecret-1.so.0'), '');
    const env = { ...session.env, LD_LIBRARY_PATH: library };
    await expectRefusal(env, "the key chain's library could not be loaded");
    expect(await session.contents()).toEqual({});
  });

  it('says so where nobody keeps secrets, or no key chain was made yet', async () => {
    const absent = await startSession('absent');
    await expectRefusal(absent.env, 'no key chain is set up for this session');
    const empty = await startSession('empty');
    await expectRefusal(empty.env, 'no key chain is set up for this session');
  });

  it('says so where the key chain is locked', async () => {
    const session = await startSession();
    await keys(session, 'add work', firstKey);
    await session.lock('fails');
    await expectRefusal(session.env, 'the key chain is locked');
  });

  it('does not wait for a password window that nobody answers', async () => {
    const session = await startSession();
    await keys(session, 'add work', firstKey);
    await session.lock('never-answers');
    const tookMs = await expectRefusal(session.env, 'did not answer in time');
    expect(tookMs).toBeGreaterThan(2900);
    expect(tookMs).toBeLessThan(10_000);
    await expectNoProcess(session);
  });

  it('leaves no process behind when it is killed while the key chain hangs', async () => {
    const session = await startSession();
    await session.freeze();
    const run = start(['keys', 'list'], session.env);
    // Once keytar is loaded, the question is out.
    await expect.poll(() => processes(session, 'maps').join('\n')).toContain('keytar.node');
    run.process.kill('SIGKILL');
    await expectNoProcess(session);
  });

  it('does not wait for a key chain that hangs', async () => {
    const session = await startSession();
    await keys(session, 'add work', firstKey);
    await session.freeze();
    const tookMs = await expectRefusal(session.env, 'did not answer in time');
    expect(tookMs).toBeLessThan(10_000);
  });
});

describe('a relay whose configuration names a key of the key chain', () => {
  it('asks the provider with it, and says where a name leads nowhere', async () => {
    const session = await startSession();
    expect((await keys(session, 'add WORK', firstKey)).code).toBe(0);
    const upstream = await ScriptedUpstream.start();
    const path = join(session.folder, 'relay.yaml');
    const provider = (name: string, keyName: string) => ({
      ...{ name, type: 'anthropic', base_url: upstream.url, keys: [{ key: reference(keyName) }] },
    });
    await writeFile(path, stringify({ providers: [provider('work', 'WORK'), provider('gone', 'GONE')] }));
    const relay = start(['serve', '--config', path, '--port', '0'], session.env);
    while (!relay.stdout().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 20));
    const address = /http:\/\/\S+/.exec(relay.stdout())?.[0] ?? '';
    expect((await call(address)).status).toBe(200);
    expect(upstream.requests[0]?.headers['x-api-key']).toBe(firstKey);
    expect(relay.stderr()).toContain('cc-relay keys add GONE');
    relay.process.kill('SIGTERM');
    await relay.exited;
    await upstream.stop();
  });
});
