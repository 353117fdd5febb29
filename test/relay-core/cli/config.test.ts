import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configCommand } from '../../../relay-core/cli/config.ts';
import { defaultConfigText } from '../../../relay-core/config/default-config.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cc-relay-config-'));
  await mkdir(join(root, 'work'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function run(...args: readonly string[]) {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await configCommand({
    args,
    env: {},
    homeFolder: join(root, 'home'),
    workingFolder: join(root, 'work'),
    platform: 'linux',
    pid: 1,
    isTerminal: false,
    signals: { onStop: () => {}, onExit: () => {} },
    clock: { now: () => 0, monotonic: () => 0, startTimer: () => ({ refresh: () => {}, cancel: () => {} }) },
    random: { bytes: (length) => new Uint8Array(length) },
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
  });
  return { code, printed, warned };
}

async function write(name: string, text: string): Promise<string> {
  const path = join(root, 'work', name);
  await writeFile(path, text);
  return path;
}

describe('config init', () => {
  it("writes a private default config into the user's config folder and prints where", async () => {
    const path = join(root, 'home/.config/cc-relay/config.yaml');
    expect(await run('init')).toEqual({ code: 0, printed: [path], warned: [] });
    expect(await readFile(path, 'utf8')).toBe(defaultConfigText);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  });

  it('replaces a file only with --force', async () => {
    const path = await write('mine.yaml', 'old');
    expect(await run('init', '-o', 'mine.yaml')).toEqual({
      code: 1,
      printed: [],
      warned: [`${path} exists already: use --force to replace it`],
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await run('init', '--output', 'mine.yaml', '--force')).toMatchObject({ code: 0, printed: [path] });
    expect(await readFile(path, 'utf8')).toBe(defaultConfigText);
  });

  it('says why it cannot write', async () => {
    const path = await write('file', '');
    expect(await run('init', '-o', 'file/config.yaml')).toMatchObject({
      code: 1,
      warned: [`${path}/config.yaml: the folder cannot be created (EEXIST)`],
    });
  });
});

describe('config validate', () => {
  it('names the providers of a valid file', async () => {
    const path = await write('config.yaml', defaultConfigText);
    expect(await run('validate')).toEqual({
      code: 0,
      printed: [`${path} is valid: 1 provider (anthropic)`],
      warned: [],
    });
    const empty = await write('empty.yaml', '');
    expect(await run('validate', 'empty.yaml')).toMatchObject({
      code: 0,
      printed: [`${empty} is valid: no provider`],
    });
  });

  it('prints each problem with its place', async () => {
    const path = await write('bad.yaml', 'server:\n  lisen: x\nrouting: 5\n');
    const expected = {
      code: 1,
      printed: [],
      warned: [
        `${path}:2:3: server.lisen: unknown key "lisen"; did you mean "listen"?`,
        `${path}:3:10: routing: must be a map: lines of "name: value"`,
      ],
    };
    expect(await run('validate', 'bad.yaml')).toEqual(expected);
    expect(await run('validate', '--config', 'bad.yaml')).toEqual(expected);
  });

  it('prints notices of a valid file', async () => {
    const path = await write('a.yaml', 'providers:\n  - name: a\n    type: anthropic\n');
    expect(await run('validate', 'a.yaml')).toMatchObject({
      code: 0,
      warned: [`${path}:2:5: providers[0]: "a" does not say "enabled": it counts as true`],
    });
  });

  it('shows a provider out of service and fails for it only with --strict', async () => {
    const path = await write('a.yaml', 'providers: [{ name: a, type: zai, enabled: true }]\n');
    const expected = {
      printed: [`${path} is valid: 1 provider (a)`],
      warned: [`${path}:1:13: providers[0]: "a" is out of service: it has no key: add one under keys`],
    };
    expect(await run('validate', 'a.yaml')).toEqual({ ...expected, code: 0 });
    expect(await run('validate', 'a.yaml', '--strict')).toEqual({ ...expected, code: 1 });
  });

  it('fails for a file that is not there', async () => {
    expect(await run('validate', 'absent.yaml')).toEqual({
      code: 1,
      printed: [],
      warned: [`${join(root, 'work/absent.yaml')}: there is no such file`],
    });
  });
});

describe('config path', () => {
  it('prints the file that would be loaded, and why this one', async () => {
    const home = join(root, 'home/.config/cc-relay/config.yaml');
    expect(await run('path')).toEqual({
      code: 0,
      printed: [home],
      warned: ["the file does not exist yet; it is in the user's config folder"],
    });
    const path = await write('config.yaml', defaultConfigText);
    expect(await run('path')).toEqual({
      code: 0,
      printed: [path],
      warned: ['the file exists; config.yaml in the working folder has providers'],
    });
    expect(await run('path', '--config', '/x/y.yaml')).toMatchObject({ printed: ['/x/y.yaml'] });
  });
});

describe('config schema', () => {
  it('prints the JSON Schema of the file', async () => {
    const { code, printed } = await run('schema');
    expect(code).toBe(0);
    expect(JSON.parse(printed.join('\n'))).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { providers: { type: 'array' } },
    });
  });
});

describe('two config files in one folder', () => {
  it('names the one that is not read, where the other is named', async () => {
    const path = await write('config.yml', defaultConfigText);
    const other = await write('config.toml', '[[providers]]\nname = "a"\ntype = "ollama"\n');
    const notice = `${other} is not read: config.yml beside it comes first`;
    expect(await run('path')).toMatchObject({ printed: [path], warned: [expect.anything(), notice] });
    expect(await run('validate')).toMatchObject({ code: 0, warned: [notice] });
  });
});

describe('wrong usage', () => {
  it.each([
    [[], /^usage: cc-relay config init \| validate \| path \| schema$/],
    [['cc'], /^unknown subcommand; usage: /],
    [['init', 'file'], /^init takes no file name; usage: /],
    [['init', '--nonsense'], /^Unknown option '--nonsense'; usage: /],
    [['init', '--output'], /^.*argument missing; usage: /],
    [['validate', 'a', 'b'], /^only one file can be checked; usage: /],
    [['validate', 'a', '--config', 'b'], /^only one file can be checked; usage: /],
    [['schema', 'a'], /^schema takes no argument; usage: /],
    [['path', 'a'], /^path takes no file name; usage: /],
  ])('%j ends with 2 and one sentence', async (args, sentence) => {
    const { code, printed, warned } = await run(...args);
    expect({ code, printed }).toEqual({ code: 2, printed: [] });
    expect(warned).toEqual([expect.stringMatching(sentence)]);
  });
});
