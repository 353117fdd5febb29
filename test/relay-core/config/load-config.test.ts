import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfigText } from '../../../relay-core/config/default-config.ts';
import { formatProblem } from '../../../relay-core/config/format-problem.ts';
import { loadConfigFile, readConfig } from '../../../relay-core/config/load-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cc-relay-load-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function messageOf(name: string, content?: string | Uint8Array): Promise<string | undefined> {
  const path = join(folder, name);
  if (content !== undefined) await writeFile(path, content);
  const result = await loadConfigFile(path, {});
  return result.ok ? undefined : result.problems[0]?.message;
}

describe('loading a config file', () => {
  it('reads YAML from .yaml and .yml, with the environment it is given', async () => {
    const path = join(folder, 'config.yml');
    await writeFile(path, `server:\n  listen: \${ADDRESS}\n`);
    const result = await loadConfigFile(path, { ADDRESS: 'localhost:1' });
    expect(result).toMatchObject({ ok: true, config: { server: { host: 'localhost', port: 1 } } });
  });

  it('reads TOML from .toml', async () => {
    const path = join(folder, 'config.TOML');
    await writeFile(path, `[server]\nlisten = "\${ADDRESS}"\n`);
    const result = await loadConfigFile(path, { ADDRESS: 'localhost:1' });
    expect(result).toMatchObject({ ok: true, config: { server: { host: 'localhost', port: 1 } } });
  });

  it('hands the secrets of the key chain on', async () => {
    const path = join(folder, 'config.yaml');
    await writeFile(path, `server: { api_key: "\${keychain:relay}" }`);
    const result = await loadConfigFile(path, {}, new Map([['relay', 'token']]));
    expect(result).toMatchObject({ ok: true, config: { server: { tokens: ['token'] } } });
  });

  it('says what is wrong with a file it cannot read', async () => {
    expect(await messageOf('absent.yaml')).toBe('there is no such file');
    expect(await messageOf('config.json', '')).toBe("the file's name must end in .yaml, .yml or .toml");
    expect(await messageOf('large.yaml', '#'.repeat(8 * 1024 * 1024 + 1))).toBe(
      'the file is larger than 8 MB: this is no configuration',
    );
    expect(await messageOf('utf16.yaml', new Uint8Array([0xff, 0xfe, 0x61, 0x00]))).toMatch(/not UTF-8/);
    const result = await loadConfigFile(join(folder, 'absent.yaml'), {});
    expect(result).toMatchObject({ problems: [{ line: undefined, column: undefined, path: '' }] });
  });

  it('says that a folder is no file', async () => {
    const path = join(folder, 'folder.yaml');
    await writeFile(join(folder, 'x.yaml'), '');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(path);
    expect(await loadConfigFile(path, {})).toMatchObject({
      problems: [{ message: 'this is a folder, not a file' }],
    });
  });

  it('gives YAML mistakes their place', () => {
    expect(readConfig('\uFEFFserver:\r\n\tlisten: x\r\n', { env: {} })).toMatchObject({
      ok: false,
      problems: [{ line: 2, column: 1 }],
    });
  });
});

describe('the default config', () => {
  it('loads without a problem or a notice, and passes through', () => {
    expect(readConfig(defaultConfigText, { env: {} })).toMatchObject({
      ok: true,
      notices: [],
      config: {
        server: { host: '127.0.0.1', port: 8787, tokens: [] },
        upstreams: [{ name: 'anthropic', passThrough: 'anthropic', keys: [], outOfService: undefined }],
      },
    });
  });

  it('also loads with its commented examples switched on', () => {
    // Explanations begin with a capital letter, examples with the name of a setting.
    const text = defaultConfigText.replaceAll(/^( *)# (?= *(?:- )?[a-z_]+:)/gm, '$1');
    const env = { CC_RELAY_API_KEY: 'token', ANTHROPIC_API_KEY: 'a', ANTHROPIC_API_KEY_2: 'b' };
    expect(text).not.toMatch(/^ *# *[a-z_-]+:/m);
    expect(readConfig(text, { env })).toMatchObject({
      ok: true,
      notices: [],
      config: {
        server: { tokens: ['token'], maxConcurrent: 50 },
        routing: { strategy: 'failover', affinity: 'session', queueTimeoutMs: 60_000 },
        health: { probes: { isEnabled: true, intervalMs: 10_000 } },
        upstreams: [{ keys: [{ material: 'a', limits: { rpm: 50 } }, { material: 'b' }] }],
      },
    });
  });
});

describe('a problem on the terminal', () => {
  it('starts with a place that editors can follow', () => {
    const problem = { line: 3, column: 5, path: 'server.listen', message: 'must not be empty' };
    expect(formatProblem('config.yaml', problem)).toBe('config.yaml:3:5: server.listen: must not be empty');
    expect(formatProblem('config.yaml', { ...problem, line: undefined, column: undefined, path: '' })).toBe(
      'config.yaml: must not be empty',
    );
  });
});
