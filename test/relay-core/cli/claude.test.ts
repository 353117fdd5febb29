import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeCommand } from '../../../relay-core/cli/claude.ts';
import type { Environment } from '../../../relay-core/ports.ts';

const noon = Date.UTC(2026, 10, 20, 12, 0, 0);
const ownToken = 'fake-token-of-the-user-9999';
const relayToken = 'ccr_fake-relay-token-for-tests-only-000000000wxyz';

let home = '';
let settingsPath = '';
let configPath = '';
let dataFolder = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claude-command-'));
  settingsPath = join(home, '.claude', 'settings.json');
  configPath = join(home, '.config', 'cc-relay', 'config.yaml');
  dataFolder = join(home, 'data');
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
}

const read = (path: string) => readFile(path, 'utf8');
const env = async () => JSON.parse(await read(settingsPath)).env;

async function run(words: string, shell: Environment = {}) {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await claudeCommand({
    args: words.split(' ').filter((word) => word !== ''),
    env: { XDG_DATA_HOME: join(home, 'data'), LOCALAPPDATA: join(home, 'data'), ...shell },
    homeFolder: home,
    workingFolder: home,
    platform: 'linux',
    pid: process.pid,
    isTerminal: false,
    signals: { onStop: () => undefined, onExit: () => undefined },
    clock: {
      now: () => noon,
      monotonic: () => 0,
      startTimer: () => ({ refresh: () => undefined, cancel: () => undefined }),
    },
    random: { bytes: (length) => new Uint8Array(length).fill(7) },
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
  });
  return { code, printed, warned, all: [...printed, ...warned].join('\n') };
}

const config = (server: string, providers = '  - { name: main, type: anthropic }') =>
  `# mine\nserver:\n  listen: 127.0.0.1:9100\n${server}providers:\n${providers}\n`;
const keysOnly = '  - { name: main, type: anthropic, keys: [{ key: sk-ant-api03-fake }] }';

describe('cc-relay claude init', () => {
  it('uses the subscription and the default address when there is no config', async () => {
    const { code, printed, warned } = await run('init');
    expect(code).toBe(0);
    expect(warned).toEqual([]);
    expect(printed).toEqual([
      '--- ~/.claude/settings.json',
      '+++ ~/.claude/settings.json',
      '+   "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"',
      '+   "NO_PROXY": "127.0.0.1,localhost"',
      'Claude Code now uses http://127.0.0.1:8787 (mode subscription).',
      'Restart running Claude Code sessions: they keep their old settings.',
      'Undo: cc-relay claude remove',
    ]);
    expect(await run('init')).toMatchObject({
      code: 0,
      printed: ['Already set up: Claude Code uses http://127.0.0.1:8787 (mode subscription).'],
    });
  });

  it('shows the change of each variable of ours and nothing of their neighbours', async () => {
    await write(settingsPath, '{"env":{"SECRET":"fake-neighbour","NO_PROXY":"corp"},"apiKey":"fake-root"}');
    const { printed, all } = await run('init');
    expect(printed).toContain('-   "NO_PROXY": "corp"');
    expect(printed).toContain('+   "NO_PROXY": "corp,127.0.0.1,localhost"');
    expect(printed).toContain('Backup: ~/.claude/settings.json.cc-relay-20261120T120000Z.bak');
    expect(all).not.toContain('fake-');
  });

  it('goes where CLAUDE_CONFIG_DIR points', async () => {
    await run('init', { CLAUDE_CONFIG_DIR: join(home, 'elsewhere') });
    expect(await read(join(home, 'elsewhere', 'settings.json'))).toContain('127.0.0.1:8787');
    expect(readdirSync(home)).not.toContain('.claude');
  });

  it.each<{ what: string; shell: Environment; own: object; expected: object }>([
    {
      what: 'appends to the settings',
      shell: { NO_PROXY: 'shell' },
      own: { NO_PROXY: 'own,localhost' },
      expected: { NO_PROXY: 'own,localhost,127.0.0.1' },
    },
    {
      what: 'appends to the shell',
      shell: { NO_PROXY: 'shell' },
      own: {},
      expected: { NO_PROXY: 'shell,127.0.0.1,localhost' },
    },
    {
      what: 'leaves a complete list',
      shell: {},
      own: { NO_PROXY: 'localhost, 127.0.0.1' },
      expected: { NO_PROXY: 'localhost, 127.0.0.1' },
    },
    { what: 'leaves a star', shell: {}, own: { NO_PROXY: '*' }, expected: { NO_PROXY: '*' } },
    { what: 'leaves a complete shell', shell: { NO_PROXY: 'localhost,127.0.0.1' }, own: {}, expected: {} },
    {
      what: 'completes no_proxy where it is in use, since clients prefer it',
      shell: { no_proxy: 'shell' },
      own: {},
      expected: { NO_PROXY: 'shell,127.0.0.1,localhost', no_proxy: 'shell,127.0.0.1,localhost' },
    },
  ])('NO_PROXY: $what', async ({ shell, own, expected }) => {
    await write(settingsPath, JSON.stringify({ env: own }));
    await run('init', shell);
    expect(await env()).toEqual({ ...expected, ANTHROPIC_BASE_URL: 'http://127.0.0.1:8787' });
  });

  it('exempts the host of a relay elsewhere, too', async () => {
    await run('init --proxy-url http://10.0.0.5:9000');
    expect(await env()).toMatchObject({ NO_PROXY: '127.0.0.1,localhost,10.0.0.5' });
  });

  describe('the address', () => {
    it.each([
      ['127.0.0.1:9100', 'http://127.0.0.1:9100'],
      ['localhost:0', 'http://localhost:8787'],
      ['"[::1]:9100"', 'http://[::1]:9100'],
    ])('comes from server.listen %s', async (listen, address) => {
      await write(configPath, config('').replace('127.0.0.1:9100', listen));
      await run('init');
      expect(await env()).toMatchObject({ ANTHROPIC_BASE_URL: address });
    });

    it('of a relay for all interfaces is that of this computer', async () => {
      await write(configPath, config(`  auth: { api_key: ${relayToken} }\n`).replace('127.0.0.1', '0.0.0.0'));
      await run('init');
      expect(await env()).toMatchObject({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:9100' });
    });

    it.each([
      ['is that of the running relay', process.pid, 'http://127.0.0.1:9555'],
      ['is that of the config when the relay of the note is gone', 2 ** 22 + 1, 'http://127.0.0.1:9100'],
    ])('%s', async (_, pid, address) => {
      await write(configPath, config(''));
      await write(
        join(dataFolder, 'cc-relay', 'runtime.json'),
        JSON.stringify({ pid, address: 'http://127.0.0.1:9555' }),
      );
      await run('init');
      expect(await env()).toMatchObject({ ANTHROPIC_BASE_URL: address });
    });

    it('given with /v1 is corrected with a hint', async () => {
      const { warned } = await run('init --proxy-url http://localhost:9000/v1/');
      expect(warned).toEqual(['warning: Written as http://localhost:9000: Claude Code appends /v1 itself.']);
      expect(await env()).toMatchObject({ ANTHROPIC_BASE_URL: 'http://localhost:9000' });
    });

    it.each(['ftp://localhost', 'localhost:9000', 'http://user:fake-secret@localhost'])(
      '%s is refused',
      async (url) => {
        const { code, warned, all } = await run(`init --proxy-url ${url}`);
        expect(code).toBe(1);
        expect(warned).toHaveLength(1);
        expect(all).not.toContain('fake-secret');
        expect(readdirSync(home)).toEqual([]);
      },
    );
  });

  describe('mode auto', () => {
    it.each([
      ['a provider passes logins through', config(''), 'subscription'],
      ['all providers have keys of their own', config('', keysOnly), 'token'],
      ['the relay requires a token', config(`  auth: { api_key: ${relayToken} }\n`), 'token'],
      [
        'the relay requires a token but lets subscriptions in',
        config(`  auth: { api_key: ${relayToken}, allow_subscription: true }\n`),
        'subscription',
      ],
    ])('when %s', async (_, text, mode) => {
      await write(configPath, text);
      expect((await run('init --dry-run')).code).toBe(0);
      expect((await run('init')).all).toContain(`(mode ${mode})`);
    });
  });

  describe('token mode', () => {
    it("uses the config's token and never shows it whole", async () => {
      await write(configPath, config(`  auth: { api_key: ${relayToken} }\n`));
      await write(settingsPath, `{"env":{"ANTHROPIC_AUTH_TOKEN":"${ownToken}"}}`);
      const { printed, all } = await run('init');
      expect(printed).toContain('-   "ANTHROPIC_AUTH_TOKEN": "…9999"');
      expect(printed).toContain('+   "ANTHROPIC_AUTH_TOKEN": "ccr_…wxyz"');
      expect(all).not.toContain(relayToken);
      expect(all).not.toContain(ownToken);
      expect(await env()).toMatchObject({ ANTHROPIC_AUTH_TOKEN: relayToken });
    });

    it('creates a token in config and settings together and keeps the comments', async () => {
      await write(configPath, config('', keysOnly));
      const { code, printed, all } = await run('init');
      const token = (await env()).ANTHROPIC_AUTH_TOKEN;
      expect(code).toBe(0);
      expect(token).toMatch(/^ccr_[\w-]{43}$/);
      expect(await read(configPath)).toContain(`api_key: ${token}`);
      expect(await read(configPath)).toContain('# mine');
      expect(all).not.toContain(token);
      expect(printed).toContain(
        'A relay token was written to ~/.config/cc-relay/config.yaml; a running relay must be restarted to require it.',
      );
      await run('remove');
      expect(await read(configPath)).toContain(`api_key: ${token}`);
      expect(readdirSync(join(home, '.claude'))).toEqual([]);
    });

    it('writes the default config first if there is none', async () => {
      expect((await run('init --mode token')).code).toBe(0);
      expect(await read(configPath)).toContain(`api_key: ${(await env()).ANTHROPIC_AUTH_TOKEN}`);
      if (process.platform !== 'win32') expect((await stat(configPath)).mode & 0o777).toBe(0o600);
    });

    it('creates a token in a TOML config, too', async () => {
      const path = join(home, 'relay.toml');
      await write(
        path,
        '# mine\n[[providers]]\nname = "main"\ntype = "anthropic"\nkeys = [{ key = "fake" }]\n',
      );
      expect(await run(`init --config ${path}`)).toMatchObject({ code: 0 });
      expect(await read(path)).toContain(`api_key = "${(await env()).ANTHROPIC_AUTH_TOKEN}"`);
      expect(await read(path)).toContain('# mine');
    });

    it.each([
      ['puts the config back', config('', keysOnly)],
      ['takes the new config away', undefined],
    ])('%s when the settings cannot be written', async (_, text) => {
      if (text !== undefined) await write(configPath, text);
      await write(settingsPath, '{"a":1}');
      // A folder in the place of the record cannot be written, whoever tries.
      await write(join(home, 'data'), 'a file');
      const { code, warned } = await run('init --mode token');
      expect(code).toBe(1);
      expect(warned.join()).toContain('ENOTDIR');
      expect(await read(settingsPath)).toBe('{"a":1}');
      const now = await read(configPath).catch(() => undefined);
      expect(now).toBe(text);
    });

    it('does not overwrite a variable that is empty now', async () => {
      const text = config(`  auth: { api_key: "\${RELAY_TOKEN:-}" }\n`, keysOnly);
      await write(configPath, text);
      const { code, warned } = await run('init --mode token');
      expect(code).toBe(1);
      expect(warned.join()).toContain('server.auth.api_key');
      expect(await read(configPath)).toBe(text);
    });
  });

  it('changes to the subscription by taking its own token away', async () => {
    await write(configPath, config('', keysOnly));
    await write(settingsPath, '{"a":1}');
    await run('init --mode token');
    await run('init --mode subscription');
    expect(await env()).not.toHaveProperty('ANTHROPIC_AUTH_TOKEN');
    await run('remove');
    expect(await read(settingsPath)).toBe('{"a":1}');
  });

  it("warns about the user's own credentials and leaves them", async () => {
    await write(
      settingsPath,
      `{"apiKeyHelper":"x","env":{"ANTHROPIC_API_KEY":"fake","ANTHROPIC_AUTH_TOKEN":"${ownToken}"}}`,
    );
    const { code, warned, all } = await run('init');
    expect(code).toBe(0);
    expect(warned.map((line) => line.split(' is set')[0])).toEqual([
      'warning: env.ANTHROPIC_API_KEY',
      'warning: env.ANTHROPIC_AUTH_TOKEN',
      'warning: apiKeyHelper',
    ]);
    expect(all).not.toContain(ownToken);
    expect(await env()).toMatchObject({ ANTHROPIC_AUTH_TOKEN: ownToken });
  });

  it('warns about a cloud that overrides the address, unless it is neutralised', async () => {
    await write(settingsPath, '{"env":{"CLAUDE_CODE_USE_BEDROCK":"1","CLAUDE_CODE_USE_VERTEX":""}}');
    const { warned } = await run('init');
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('CLAUDE_CODE_USE_BEDROCK');
  });

  it('warns when the relay will turn the subscription away', async () => {
    await write(configPath, config(`  auth: { api_key: ${relayToken} }\n`));
    const { warned } = await run('init --mode subscription');
    expect(warned.join()).toContain('allow_subscription');
  });

  it('writes nothing in a dry run', async () => {
    await write(settingsPath, '{"a":1}');
    const { code, printed } = await run('init --mode token --dry-run');
    expect(code).toBe(0);
    expect(printed.at(-1)).toBe('Dry run: nothing was written.');
    expect(printed.join()).toContain('ANTHROPIC_AUTH_TOKEN');
    expect(readdirSync(join(home, '.claude'))).toEqual(['settings.json']);
    expect(readdirSync(home)).toEqual(['.claude']);
    expect(await read(settingsPath)).toBe('{"a":1}');
  });

  it.each(['', 'start', 'init now', 'init --mode both', 'init --unknown', 'remove --mode token'])(
    'answers wrong usage "%s" with 2',
    async (words) => {
      const { code, warned } = await run(words);
      expect(code).toBe(2);
      expect(warned.join()).toContain('usage: cc-relay claude init');
      expect(readdirSync(home)).toEqual([]);
    },
  );

  it('refuses with the place of a mistake in the config', async () => {
    await write(configPath, 'server:\n  listen: nowhere\n');
    const { code, warned } = await run('init');
    expect(code).toBe(1);
    expect(warned[0]).toContain(`${configPath}:2:`);
    expect(readdirSync(home)).toEqual(['.config']);
  });

  it('refuses a config file that was named but is missing', async () => {
    expect(await run('init --config gone.yaml')).toMatchObject({ code: 1 });
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('cc-relay claude remove', () => {
  it('says what it gave back and that sessions must be restarted', async () => {
    await write(settingsPath, '{"a":1}');
    await run('init');
    const { code, printed } = await run('remove');
    expect(code).toBe(0);
    expect(printed).toEqual([
      '--- ~/.claude/settings.json',
      '+++ ~/.claude/settings.json',
      '-   "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"',
      '-   "NO_PROXY": "127.0.0.1,localhost"',
      '~/.claude/settings.json was given back.',
      'Restart running Claude Code sessions: they keep their old settings.',
    ]);
    expect(await read(settingsPath)).toBe('{"a":1}');
    expect((await run('remove')).printed[0]).toBe('Nothing to remove in ~/.claude/settings.json.');
  });

  it('gives back although the config has mistakes', async () => {
    await write(settingsPath, '{"a":1}');
    await run('init');
    await write(configPath, 'server: [');
    expect((await run('remove')).code).toBe(0);
    expect(await read(settingsPath)).toBe('{"a":1}');
  });

  it('knows the relay of the config when the data folder is lost', async () => {
    await write(configPath, config(''));
    await write(settingsPath, '{"a":1}');
    await run('init');
    await rm(dataFolder, { recursive: true });
    const { printed } = await run('remove');
    expect(printed.join()).toContain('previous values are unknown');
    expect(await env()).toEqual({ NO_PROXY: '127.0.0.1,localhost' });
  });

  it('says that an address on this computer was there before', async () => {
    await write(settingsPath, '{"env":{"ANTHROPIC_BASE_URL":"http://localhost:4000"}}');
    await run('init');
    expect((await run('remove')).printed.join()).toContain('leads to this computer, as before the set-up');
  });

  it('names what the user changed and where the old settings are', async () => {
    await write(settingsPath, '{"env":{"ANTHROPIC_BASE_URL":"https://example.test"}}');
    await run('init');
    await write(settingsPath, '{"env":{"ANTHROPIC_BASE_URL":"https://other.test"}}');
    const { code, printed } = await run('remove');
    expect(code).toBe(0);
    expect(printed).toContain('ANTHROPIC_BASE_URL was changed since the set-up and stays as it is.');
    expect(printed).toContain(
      `The settings from before the set-up: ${settingsPath}.cc-relay-20261120T120000Z.bak`,
    );
  });

  it('writes nothing in a dry run', async () => {
    await run('init');
    const before = await read(settingsPath);
    const { code, printed } = await run('remove --dry-run');
    expect(code).toBe(0);
    expect(printed.at(-1)).toBe('Dry run: nothing was written.');
    expect(await read(settingsPath)).toBe(before);
  });

  it('finds nothing where there are no settings', async () => {
    const { code, printed } = await run('remove');
    expect(code).toBe(0);
    expect(printed[0]).toBe('Nothing to remove in ~/.claude/settings.json.');
    expect(readdirSync(home)).toEqual([]);
  });

  it('says in one sentence why the settings cannot be read', async () => {
    await mkdir(settingsPath, { recursive: true });
    const { code, warned } = await run('remove');
    expect(code).toBe(1);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('A folder stands in its place');
  });
});
