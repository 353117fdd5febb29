import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateConfig } from '../../../relay-core/config/locate-config.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cc-relay-locate-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

function locate(rest: { configFlag?: string; env?: Record<string, string> } = {}) {
  return locateConfig({
    env: {},
    homeFolder: join(root, 'home'),
    workingFolder: join(root, 'work'),
    ...rest,
  });
}

describe('finding the config file', () => {
  it('takes what --config names, relative to the working folder, also when it is not there', async () => {
    await write('work/config.yaml', 'providers: []\n');
    const path = await write('work/mine.yaml', '');
    expect(await locate({ configFlag: 'mine.yaml' })).toMatchObject({ path, exists: true });
    expect(await locate({ configFlag: '../absent.yaml' })).toMatchObject({
      path: join(root, 'absent.yaml'),
      exists: false,
      why: 'it was named with --config',
    });
  });

  it('else takes config.yaml of the working folder if it has providers', async () => {
    await write('home/.config/cc-relay/config.yaml', 'providers: []\n');
    const path = await write('work/config.yaml', 'providers: []\n');
    expect(await locate()).toEqual({
      path,
      exists: true,
      why: 'config.yaml in the working folder has providers',
      notice: undefined,
    });
  });

  it.each(['server: {}\n', 'providers: [\n', '- providers\n', ''])(
    'passes over a config.yaml that says %j: it belongs to somebody else',
    async (text) => {
      await write('work/config.yaml', text);
      const path = await write('home/.config/cc-relay/config.yaml', '');
      expect(await locate()).toMatchObject({
        path,
        exists: true,
        why: expect.stringContaining('not one of ours'),
      });
    },
  );

  it("else takes the file in the user's config folder, whether it is there or not", async () => {
    expect(await locate()).toEqual({
      path: join(root, 'home/.config/cc-relay/config.yaml'),
      exists: false,
      why: "it is in the user's config folder",
      notice: undefined,
    });
  });

  it('takes config.yaml, else config.yml, else config.toml of a folder, and names what it leaves', async () => {
    const toml = await write('work/config.toml', '[[providers]]\nname = "a"\n');
    expect(await locate()).toMatchObject({ path: toml, notice: undefined });
    const yml = await write('work/config.yml', 'providers: []\n');
    const tomlNotice = `${toml} is not read: config.yml beside it comes first`;
    expect(await locate()).toMatchObject({ path: yml, notice: tomlNotice });
    // One that is not ours neither counts nor needs a word.
    await write('work/config.yaml', 'name: of another program\n');
    expect(await locate()).toMatchObject({ path: yml, notice: tomlNotice });
    const yaml = await write('work/config.yaml', 'providers: []\n');
    expect(await locate()).toMatchObject({
      path: yaml,
      notice: `${yml} and ${toml} are not read: config.yaml beside it comes first`,
    });
  });

  it("does the same in the user's config folder", async () => {
    const toml = await write('home/.config/cc-relay/config.toml', '');
    expect(await locate()).toMatchObject({ path: toml, exists: true, notice: undefined });
    const yaml = await write('home/.config/cc-relay/config.yaml', '');
    expect(await locate()).toMatchObject({
      path: yaml,
      notice: `${toml} is not read: config.yaml beside it comes first`,
    });
  });

  it('follows XDG_CONFIG_HOME if it is absolute', async () => {
    const path = await write('xdg/cc-relay/config.yaml', '');
    expect(await locate({ env: { XDG_CONFIG_HOME: join(root, 'xdg') } })).toMatchObject({
      path,
      exists: true,
    });
    for (const value of ['xdg', '']) {
      expect(await locate({ env: { XDG_CONFIG_HOME: value } })).toMatchObject({
        path: join(root, 'home/.config/cc-relay/config.yaml'),
      });
    }
  });

  it('finds a folder in its place, so that loading can say what is wrong', async () => {
    await mkdir(join(root, 'home/.config/cc-relay/config.yaml'), { recursive: true });
    expect(await locate()).toMatchObject({ exists: true });
  });
});
