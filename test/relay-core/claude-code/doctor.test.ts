import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../../relay-core/claude-code/doctor/check.ts';
import { examine } from '../../../relay-core/claude-code/doctor/examine.ts';
import type { DoctorQuestion } from '../../../relay-core/claude-code/doctor/question.ts';
import type { HealthAnswer } from '../../../relay-core/claude-code/relay-health.ts';
import { loadConfigFile } from '../../../relay-core/config/load-config.ts';

const relay = 'http://127.0.0.1:8787';
const secret = 'fake-secret-that-nobody-may-see';
const relayToken = `ccr_${secret}`;

let home = '';
let question: DoctorQuestion;
/** Who answers where; everywhere else is nobody. */
let answers: Map<string, HealthAnswer>;
/** Everything that any examination of a test said. */
let said = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claude-doctor-'));
  answers = new Map([[relay, { kind: 'relay' }]]);
  said = '';
  question = {
    env: { HOME: home, APPDATA: join(home, 'AppData', 'Roaming'), ProgramFiles: join(home, 'pf') },
    platform: 'linux',
    homeFolder: home,
    workingFolder: join(home, 'work', 'project'),
    systemFolder: join(home, 'root'),
    dataFolder: join(home, 'data'),
    configFlag: undefined,
    settings: { path: join(home, '.claude', 'settings.json'), shownAs: '~/.claude/settings.json' },
    askHealth: (address) => Promise.resolve(answers.get(address) ?? { kind: 'nobody' }),
    loadConfig: (path) => loadConfigFile(path, {}),
    findClaude: () => Promise.resolve({ path: '/usr/bin/claude', version: '2.1.329' }),
  };
  await write('.claude/settings.json', { env: { ANTHROPIC_BASE_URL: relay } });
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
  expect(said).not.toContain(secret);
});

async function write(name: string, content: object | string): Promise<void> {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
}

const settings = (env: object, more: object = {}) =>
  write('.claude/settings.json', { env: { ANTHROPIC_BASE_URL: relay, ...env }, ...more });
const config = (server: object | string, providers: string = '[{ name: main, type: anthropic }]') =>
  write('.config/cc-relay/config.yaml', `server: ${JSON.stringify(server)}\nproviders: ${providers}\n`);
const note = (address: string, pid = process.pid) => write('data/runtime.json', { pid, address });
const shell = (env: Record<string, string>) => {
  question = { ...question, env: { ...question.env, ...env } };
};
const on = (platform: NodeJS.Platform) => {
  question = { ...question, platform };
};

async function findings(name: Check['name']): Promise<readonly Check[]> {
  const checks = await examine(question);
  said += JSON.stringify(checks);
  return checks.filter((check) => check.name === name);
}

/** What the doctor says under a name, as one text: `state finding → remedy`. */
async function saying(name: Check['name']): Promise<string> {
  const lines = (await findings(name)).map(
    (check) => `${check.state} ${check.finding}${check.state === 'ok' ? '' : ` → ${check.remedy}`}`,
  );
  return lines.join('\n');
}

describe('the doctor', () => {
  it('finds nothing wrong where nothing is, and says one thing of everything', async () => {
    const checks = await examine(question);
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      'relay',
      'unfinished set-up',
      'settings',
      'address',
      'token',
      'shell',
      'shell files',
      'project settings',
      'managed settings',
      'editors',
      'proxy',
      'config',
      'data folder',
      'Claude Code',
    ]);
  });

  describe('the relay', () => {
    it('runs', async () => {
      await note(relay);
      expect(await saying('relay')).toMatch(/^ok CC-Relay is running at http:\/\/127\.0\.0\.1:8787/);
    });

    it('left a note although it is gone', async () => {
      await note('http://127.0.0.1:9100', 2 ** 22 + 1);
      expect(await saying('relay')).toMatch(/^warning CC-Relay is not running \(a relay that ended without/);
    });
  });

  describe('the address', () => {
    it('is that of a relay', async () => {
      expect(await saying('address')).toContain('ok ~/.claude/settings.json sends Claude Code to');
    });

    it('leads to a dead relay', async () => {
      answers.clear();
      expect(await saying('address')).toMatch(
        /^problem .*settings\.json sends .* nobody answers there.*→ .*cc-relay serve — or .*cc-relay claude remove$/,
      );
    });

    it('leads to a dead relay because of the shell', async () => {
      answers.clear();
      await write('.claude/settings.json', {});
      shell({ ANTHROPIC_BASE_URL: relay });
      expect(await saying('address')).toMatch(/^problem this shell .*unset ANTHROPIC_BASE_URL$/);
    });

    it('has the wrong port', async () => {
      answers = new Map([['http://127.0.0.1:9100', { kind: 'relay' }]]);
      await note('http://127.0.0.1:9100');
      expect(await saying('address')).toMatch(
        /^problem .*but the running relay listens at http:\/\/127\.0\.0\.1:9100\. → .*cc-relay claude init$/,
      );
    });

    it('is answered by something else', async () => {
      answers.set(relay, { kind: 'stranger', server: 'nginx' });
      expect(await saying('address')).toMatch(
        /^problem .*another program answers \(nginx\) there.*Stop that program/,
      );
    });

    it('ends in /v1, which Claude Code appends itself', async () => {
      await settings({ ANTHROPIC_BASE_URL: `${relay}/v1` });
      expect(await saying('address')).toMatch(/^problem .*appends \/v1 itself/);
    });

    it('is missing', async () => {
      await write('.claude/settings.json', {});
      expect(await saying('address')).toMatch(/^warning Claude Code is not set up.*cc-relay claude init$/);
    });

    it("is another gateway's, whose password stays hidden", async () => {
      await settings({ ANTHROPIC_BASE_URL: `https://me:${secret}@gateway.test` });
      expect(await saying('address')).toMatch(/^warning .*another address than this relay/);
    });
  });

  describe('the settings', () => {
    it('cannot be read', async () => {
      await write('.claude/settings.json', '{\n  "env": {,}\n}');
      expect(await saying('settings')).toMatch(/^problem ~\/\.claude\/settings\.json:2:11: /);
    });

    it('switch to a cloud', async () => {
      await settings({ CLAUDE_CODE_USE_BEDROCK: '1', CLAUDE_CODE_USE_VERTEX: '' });
      const text = await saying('settings');
      expect(text).toMatch(/^problem env\.CLAUDE_CODE_USE_BEDROCK .*"CLAUDE_CODE_USE_BEDROCK": ""/);
      expect(text).not.toContain('VERTEX');
    });

    it('switch to a cloud, which managed settings neutralise', async () => {
      await settings({ CLAUDE_CODE_USE_BEDROCK: '1' });
      const managed = { env: { CLAUDE_CODE_USE_BEDROCK: '' } };
      await write('root/etc/claude-code/managed-settings.json', managed);
      expect(await saying('settings')).toMatch(/^ok/);
    });

    it('have a key that wins over the login', async () => {
      await settings({ ANTHROPIC_API_KEY: secret }, { apiKeyHelper: 'x' });
      expect((await findings('settings')).map(({ state }) => state)).toEqual(['warning', 'warning']);
      await settings({ ANTHROPIC_API_KEY: secret, ANTHROPIC_AUTH_TOKEN: relayToken });
      expect(await saying('settings')).toMatch(/^ok/);
    });
  });

  describe('the token', () => {
    it('is the right one', async () => {
      await config({ auth: { api_key: relayToken } });
      await settings({ ANTHROPIC_AUTH_TOKEN: relayToken });
      expect(await saying('token')).toMatch(/^ok/);
    });

    it('is another one than the config wants', async () => {
      await config({ auth: { api_key: relayToken } });
      await settings({ ANTHROPIC_AUTH_TOKEN: `${relayToken}-older` });
      expect(await saying('token')).toMatch(
        /^problem .*not the one in the config\. → .*cc-relay claude init$/,
      );
    });

    it('is missing', async () => {
      await config({ auth: { api_key: relayToken } });
      expect(await saying('token')).toMatch(/^problem .*401/);
      await config({ auth: { api_key: relayToken, allow_subscription: true } });
      expect(await saying('token')).toMatch(/^ok/);
    });

    it('wins over the login although nobody asks for it', async () => {
      await settings({ ANTHROPIC_AUTH_TOKEN: 'managed-by-cc-relay' });
      expect(await saying('token')).toMatch(/^warning .*--mode subscription$/);
    });
  });

  describe('a shell', () => {
    it.each<{ what: string; own?: object; env: Record<string, string>; expected: RegExp }>([
      {
        what: 'with the same address',
        env: { ANTHROPIC_BASE_URL: 'http://localhost:8787' },
        expected: /^ok/,
      },
      {
        what: 'with another address, which loses',
        env: { ANTHROPIC_BASE_URL: `https://${secret}.test` },
        expected: /^warning ANTHROPIC_BASE_URL .*settings, which win.*unset ANTHROPIC_BASE_URL$/,
      },
      {
        what: 'with a cloud',
        env: { CLAUDE_CODE_USE_BEDROCK: '1' },
        expected: /^problem CLAUDE_CODE_USE_BEDROCK .*unset CLAUDE_CODE_USE_BEDROCK$/,
      },
      {
        what: 'with another cloud',
        env: { CLAUDE_CODE_USE_VERTEX: '1' },
        expected: /^problem CLAUDE_CODE_USE_V/,
      },
      {
        what: 'with a cloud that the settings neutralise',
        own: { CLAUDE_CODE_USE_BEDROCK: '' },
        env: { CLAUDE_CODE_USE_BEDROCK: '1' },
        expected: /^ok/,
      },
      {
        what: 'with a token',
        env: { ANTHROPIC_AUTH_TOKEN: secret },
        expected: /^problem ANTHROPIC_AUTH_TOKEN .*login.*unset ANTHROPIC_AUTH_TOKEN$/,
      },
      {
        what: 'with a token that loses',
        own: { ANTHROPIC_AUTH_TOKEN: relayToken },
        env: { ANTHROPIC_AUTH_TOKEN: secret },
        expected: /^ok/,
      },
      {
        what: 'with a key',
        env: { ANTHROPIC_API_KEY: secret },
        expected: /^warning ANTHROPIC_API_KEY .*billed/,
      },
      {
        what: 'with a key beside a token',
        own: { ANTHROPIC_AUTH_TOKEN: relayToken },
        env: { ANTHROPIC_API_KEY: secret },
        expected: /^warning ANTHROPIC_API_KEY .*along/,
      },
      { what: 'with a login of its own', env: { CLAUDE_CODE_OAUTH_TOKEN: secret }, expected: /^ok/ },
      {
        what: 'with a login that loses',
        own: { ANTHROPIC_AUTH_TOKEN: relayToken },
        env: { CLAUDE_CODE_OAUTH_TOKEN: secret },
        expected: /^warning CLAUDE_CODE_OAUTH_TOKEN .*no effect/,
      },
      { what: 'with an empty variable', env: { CLAUDE_CODE_USE_BEDROCK: '' }, expected: /^ok/ },
    ])('$what', async ({ own = {}, env, expected }) => {
      await settings(own);
      shell(env);
      expect(await saying('shell')).toMatch(expected);
    });

    it('that goes elsewhere while the settings say nothing', async () => {
      await write('.claude/settings.json', {});
      shell({ ANTHROPIC_BASE_URL: `https://${secret}.test` });
      expect(await saying('shell')).toMatch(/^problem ANTHROPIC_BASE_URL .*past the relay/);
    });

    it('of Windows', async () => {
      on('win32');
      shell({ CLAUDE_CODE_USE_BEDROCK: '1' });
      expect(await saying('shell')).toContain('Remove-Item Env:CLAUDE_CODE_USE_BEDROCK');
    });
  });

  describe('a start-up file', () => {
    it.each([
      ['.bashrc', `# mine\nexport ANTHROPIC_AUTH_TOKEN="${secret}"\n`, 2],
      ['.bash_profile', `export ANTHROPIC_AUTH_TOKEN=$(cat ~/${secret})`, 1],
      ['.profile', `A=1; ANTHROPIC_AUTH_TOKEN='${secret}'; export ANTHROPIC_AUTH_TOKEN`, 1],
      ['.zshrc', `\n\n  typeset -x ANTHROPIC_AUTH_TOKEN=${secret}`, 3],
      ['.zprofile', `declare -gx ANTHROPIC_AUTH_TOKEN=${secret}`, 1],
      ['.zshenv', `export A=1 && export ANTHROPIC_AUTH_TOKEN=${secret}`, 1],
      ['.config/fish/config.fish', `set -gx ANTHROPIC_AUTH_TOKEN ${secret}`, 1],
      ['.config/fish/conf.d/claude.fish', `set -U --export ANTHROPIC_AUTH_TOKEN ${secret}`, 1],
    ])('%s exports a token', async (name, text, line) => {
      await write(name, text);
      const start = `problem ~/${name}:${line} exports ANTHROPIC_AUTH_TOKEN: `;
      expect(await saying('shell files')).toContain(start);
      expect(await saying('shell files')).toContain(`Delete line ${line} of ~/${name}`);
    });

    it.each([
      ['a comment', `# export ANTHROPIC_AUTH_TOKEN=${secret}`],
      ['an export that is taken back', `export ANTHROPIC_AUTH_TOKEN=${secret}\nunset ANTHROPIC_AUTH_TOKEN`],
      ['an empty one', 'export CLAUDE_CODE_USE_BEDROCK='],
      ['the same address', `export ANTHROPIC_BASE_URL="${relay}"`],
      ['another variable', `export MY_ANTHROPIC_AUTH_TOKEN=${secret}`],
      ['words', `echo ANTHROPIC_AUTH_TOKEN=${secret}`],
    ])('with %s is no trouble', async (_, text) => {
      await write('.bashrc', text);
      expect(await saying('shell files')).toMatch(/^ok/);
    });
  });

  describe('settings of the project', () => {
    it.each([
      ['work/project/.claude/settings.json', 'ANTHROPIC_BASE_URL', `https://${secret}.test`],
      ['work/project/.claude/settings.local.json', 'ANTHROPIC_AUTH_TOKEN', secret],
      ['work/.claude/settings.json', 'CLAUDE_CODE_USE_BEDROCK', '1'],
    ])('%s override %s', async (name, variable, value) => {
      await write(name, { env: { [variable]: value } });
      const text = await saying('project settings');
      expect(text).toMatch(new RegExp(`^problem ~/${name.replaceAll('.', '\\.')} sets ${variable}, `));
      expect(text).toContain(`Delete ${variable} from "env" in ~/${name}.`);
    });

    it('say the same, or something else, or lie beside', async () => {
      await write('work/project/.claude/settings.json', { env: { ANTHROPIC_BASE_URL: relay, FOO: '1' } });
      await write('work/other/.claude/settings.json', { env: { ANTHROPIC_BASE_URL: 'https://x.test' } });
      expect(await saying('project settings')).toMatch(/^ok/);
    });

    it('are those of the home folder only for who works there', async () => {
      await write('.claude/settings.local.json', { env: { CLAUDE_CODE_USE_BEDROCK: '1' } });
      expect(await saying('project settings')).toMatch(/^ok/);
      question = { ...question, workingFolder: home };
      expect(await saying('project settings')).toMatch(/^problem ~\/\.claude\/settings\.local\.json/);
    });

    it('cannot be read', async () => {
      await write('work/project/.claude/settings.json', '{');
      expect(await saying('project settings')).toMatch(/^warning .*settings\.json:1:/);
    });
  });

  describe('managed settings', () => {
    it.each([
      ['linux', 'root/etc/claude-code/managed-settings.json'],
      ['darwin', 'root/Library/Application Support/ClaudeCode/managed-settings.json'],
      ['win32', 'pf/ClaudeCode/managed-settings.json'],
    ] as const)('of %s override', async (platform, name) => {
      on(platform);
      expect(await saying('managed settings')).toMatch(/^ok/);
      await write(name, { env: { CLAUDE_CODE_USE_BEDROCK: '1' } });
      expect(await saying('managed settings')).toMatch(/^problem .*sets CLAUDE_CODE_USE_BEDROCK.*Ask who/);
    });
  });

  describe('an editor', () => {
    const places = [
      ['linux', '.config/Code/User/settings.json'],
      ['linux', '.config/Code - Insiders/User/settings.json'],
      ['linux', '.config/VSCodium/User/settings.json'],
      ['linux', '.config/Cursor/User/settings.json'],
      ['darwin', 'Library/Application Support/Code/User/settings.json'],
      ['win32', 'AppData/Roaming/Code/User/settings.json'],
    ] as const;
    const variables = (list: object) =>
      `{ // comments are allowed\n "claudeCode.environmentVariables": ${JSON.stringify(list)}, }`;

    it.each(places)('on %s contradicts (%s)', async (platform, name) => {
      on(platform);
      await write(name, variables([{ name: 'ANTHROPIC_BASE_URL', value: `https://${secret}.test` }]));
      expect(await saying('editors')).toMatch(/^problem .*settings\.json sends its Claude Code elsewhere/);
      await write(name, variables([{ name: 'ANTHROPIC_BASE_URL', value: relay }]));
      expect(await saying('editors')).toMatch(/^ok/);
    });

    it('goes to a cloud', async () => {
      const list = [
        { name: 'ANTHROPIC_BASE_URL', value: relay },
        { name: 'CLAUDE_CODE_USE_VERTEX', value: '1' },
      ];
      await write('.config/Code/User/settings.json', variables(list));
      expect(await saying('editors')).toMatch(/^problem .*sets CLAUDE_CODE_USE_VERTEX/);
    });

    it('with the extension does not know of the relay', async () => {
      await write('.vscode/extensions/anthropic.claude-code-2.1.0/package.json', {});
      expect(await saying('editors')).toContain(
        'add to ~/.config/Code/User/settings.json: "claudeCode.environmentVariables": [{ "name": "ANTHROPIC_BASE_URL", "value": "http://127.0.0.1:8787" }]',
      );
    });

    it('without Claude Code is left in peace', async () => {
      await write('.config/Code/User/settings.json', { 'editor.fontSize': 12 });
      expect(await saying('editors')).toMatch(/^ok/);
    });
  });

  describe('a proxy', () => {
    it.each([
      ['HTTPS_PROXY of the shell', { HTTPS_PROXY: `http://me:${secret}@proxy.test` }, {}],
      ['http_proxy of the shell', { http_proxy: 'http://proxy.test' }, {}],
      ['ALL_PROXY of the settings', {}, { ALL_PROXY: 'socks5://proxy.test' }],
    ])('%s takes the requests to the relay', async (_, env, own) => {
      shell(env);
      await settings(own);
      expect(await saying('proxy')).toMatch(/^problem .*NO_PROXY does not exempt 127\.0\.0\.1.*claude init$/);
      await settings({ ...own, NO_PROXY: 'corp,127.0.0.1' });
      expect(await saying('proxy')).toMatch(/^ok/);
    });

    it('is exempt in NO_PROXY but not in no_proxy, which is what clients read', async () => {
      shell({ HTTP_PROXY: 'http://proxy.test', NO_PROXY: '127.0.0.1', no_proxy: 'corp' });
      expect(await saying('proxy')).toMatch(/^problem/);
    });
  });

  describe('the config', () => {
    it('is fine', async () => {
      await config({});
      expect(await saying('config')).toMatch(/^ok ~\/\.config\/cc-relay\/config\.yaml: all 1/);
    });

    it('has mistakes', async () => {
      await config({ lisen: 'x' });
      expect(await saying('config')).toMatch(/^problem .*config\.yaml:1:.*lisen.*cc-relay config validate/);
    });

    it('lacks a variable for one provider, or for all', async () => {
      const variable = '$' + '{DOCTOR_TEST_KEY}';
      const broken = `{ name: broken, type: anthropic, keys: [{ key: "${variable}" }] }`;
      await config({}, `[${broken}, { name: main, type: anthropic }]`);
      expect(await saying('config')).toMatch(/^warning Provider broken is out of service: .*DOCTOR_TEST_KEY/);
      await config({}, `[${broken}]`);
      expect(await saying('config')).toMatch(/^problem Provider broken/);
    });

    it('lacks a variable for one key of several', async () => {
      const variable = '$' + '{DOCTOR_TEST_KEY}';
      const keys = `[{ key: "${variable}" }, { key: ${secret} }]`;
      await config({}, `[{ name: main, type: anthropic, keys: ${keys} }]`);
      expect(await saying('config')).toMatch(/^warning .*keys\[0\].*DOCTOR_TEST_KEY/);
    });

    it('has no provider', async () => {
      await config({}, '[]');
      expect(await saying('config')).toMatch(/^problem .*no enabled provider/);
    });
  });

  describe.runIf(process.platform !== 'win32')('the data folder', () => {
    it('is readable by others', async () => {
      await write('data/runtime.json', {});
      expect(await saying('data folder')).toMatch(/^ok/);
      await chmod(join(home, 'data', 'runtime.json'), 0o644);
      expect(await saying('data folder')).toMatch(/^problem .*runtime\.json.*chmod -R go-rwx "/);
      on('win32');
      expect(await saying('data folder')).toMatch(/^ok/);
    });
  });

  describe('WSL', () => {
    it('is hinted at where Windows has settings of its own', async () => {
      await write('root/proc/sys/kernel/osrelease', '6.6.87.2-microsoft-standard-WSL2\n');
      expect(await saying('Windows')).toMatch(/^ok This is WSL/);
      await write('root/mnt/c/Users/me/.claude/settings.json', {});
      expect(await saying('Windows')).toMatch(/^warning This is WSL.*in Windows: cc-relay claude init$/);
    });

    it('is not elsewhere', async () => {
      await write('root/proc/sys/kernel/osrelease', '6.8.0-generic\n');
      expect(await findings('Windows')).toEqual([]);
    });
  });

  describe('Claude Code', () => {
    it('tells its version', async () => {
      expect(await saying('Claude Code')).toBe('ok /usr/bin/claude: 2.1.329.');
    });

    it('is not there', async () => {
      question = { ...question, findClaude: () => Promise.resolve(undefined) };
      expect(await saying('Claude Code')).toMatch(/^warning .*npm install/);
    });
  });
});
