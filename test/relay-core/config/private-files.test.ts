import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrivateFolder, writePrivateFile } from '../../../relay-core/config/private-files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cc-relay-private-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe('private files', () => {
  it('lie in folders that only their owner can enter', async () => {
    expect(await createPrivateFolder(join(root, 'a/b'))).toEqual({ ok: true });
    expect([await modeOf(join(root, 'a')), await modeOf(join(root, 'a/b'))]).toEqual(['700', '700']);
  });

  it('leave a folder that is there already as it is', async () => {
    await chmod(root, 0o755);
    expect(await createPrivateFolder(root)).toEqual({ ok: true });
    expect(await modeOf(root)).toBe('755');
  });

  it('can be read by their owner only, also when they replace an open one', async () => {
    const path = join(root, 'config.yaml');
    await writeFile(path, 'a much longer old content');
    await chmod(path, 0o644);
    expect(await writePrivateFile(path, 'new')).toEqual({ ok: true });
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['new', '600']);
    expect(await readdir(root)).toEqual(['config.yaml']);
  });

  it('say why they cannot be written', async () => {
    const path = join(root, 'file');
    await writeFile(path, '');
    expect(await createPrivateFolder(join(path, 'folder'))).toEqual({
      ok: false,
      reason: 'the folder cannot be created (ENOTDIR)',
    });
    expect(await writePrivateFile(join(root, 'absent/file'), '')).toEqual({
      ok: false,
      reason: 'the file cannot be written (ENOENT)',
    });
  });
});
