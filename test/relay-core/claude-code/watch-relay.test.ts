import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setUpManaged } from '../../../relay-core/claude-code/managed-set-up.ts';
import { identify, type ProcessIdentity } from '../../../relay-core/claude-code/running-process.ts';
import { watchRelay } from '../../../relay-core/claude-code/watch-relay.ts';
import { systemClock } from '../../../relay-core/system-ports.ts';

const original = '{"a":1}';

let home = '';
let settings = { path: '', shownAs: '' };
let child: ChildProcess;
let relay: ProcessIdentity;
let looks = 0;

/** Counts how often the watcher has gone to sleep. */
const clock = {
  ...systemClock,
  startTimer: (_durationMs: number, onFire: () => void) => {
    looks += 1;
    return systemClock.startTimer(5, onFire);
  },
};

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claude-watch-'));
  settings = { path: join(home, 'settings.json'), shownAs: 'settings.json' };
  await writeFile(settings.path, original);
  looks = 0;
  child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  relay = await identify(child.pid ?? 0);
});

afterEach(async () => {
  child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

const dataFolder = () => join(home, 'data');
const read = () => readFile(settings.path, 'utf8');
const watch = () => watchRelay({ settings, dataFolder: dataFolder(), ownerId: 'own', relay }, clock);
const setUp = (id: string) =>
  setUpManaged(
    {
      settings,
      dataFolder: dataFolder(),
      wish: { access: { mode: 'subscription' }, address: 'http://127.0.0.1:8787', shell: {} },
      owner: { id, ...relay },
    },
    systemClock,
  );

describe('watching over a relay', () => {
  it('begins before the set-up is there, and undoes it when the relay is killed', async () => {
    const watched = watch();
    await expect.poll(() => looks).toBeGreaterThan(8);
    await setUp('own');
    const seenAt = looks;
    await expect.poll(() => looks).toBeGreaterThan(seenAt + 8);
    expect(await read()).toContain('8787');
    child.kill('SIGKILL');
    await watched;
    expect(await read()).toBe(original);
  });

  it('ends when another relay has taken the settings over, and undoes nothing', async () => {
    await setUp('own');
    const watched = watch();
    await expect.poll(() => looks).toBeGreaterThan(8);
    await setUp('other');
    await watched;
    expect(await read()).toContain('8787');
  });

  it('ends after a while when no set-up ever comes', async () => {
    await watch();
    expect(looks).toBeGreaterThan(100);
    expect(await read()).toBe(original);
  });
});
