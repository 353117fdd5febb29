import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySetUp } from '../../../relay-core/claude-code/apply-set-up.ts';
import { setUpManaged, undoManaged } from '../../../relay-core/claude-code/managed-set-up.ts';
import { planSetUp } from '../../../relay-core/claude-code/plan-set-up.ts';
import { findDamage, repair } from '../../../relay-core/claude-code/repair.ts';
import { identify } from '../../../relay-core/claude-code/running-process.ts';
import { withSetUpLock } from '../../../relay-core/claude-code/set-up-lock.ts';
import type { SetUpOwner } from '../../../relay-core/claude-code/set-up-record.ts';
import { systemClock } from '../../../relay-core/system-ports.ts';

const original = '{ "a" : 1 }\n';
const gone: SetUpOwner = { id: 'gone', pid: 2 ** 22 + 1, mark: null };

let home = '';
let dataFolder = '';
let settings = { path: '', shownAs: '~/.claude/settings.json' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claude-repair-'));
  dataFolder = join(home, 'data');
  settings = { path: join(home, '.claude', 'settings.json'), shownAs: '~/.claude/settings.json' };
  await mkdir(dirname(settings.path));
  await writeFile(settings.path, original);
});

afterEach(() => rm(home, { recursive: true, force: true }));

/** A clock on which waits cost nothing. */
const hastyClock = {
  ...systemClock,
  startTimer: (_durationMs: number, onFire: () => void) => systemClock.startTimer(0, onFire),
};

const recordPath = () => join(dataFolder, 'claude-set-up.json');
const lockPath = () => join(dataFolder, 'claude-set-up.lock');
const read = (path = settings.path) => readFile(path, 'utf8');
const entries = async () => JSON.parse(await read(recordPath())).settings;
const names = (folder = dirname(settings.path)) => readdirSync(folder).toSorted();
const question = () => ({ dataFolder, homeFolder: home, settings });
const mend = async () => {
  const repaired = await repair(question(), hastyClock);
  return repaired.ok ? repaired.lines : repaired.message;
};

const request = (address = 'http://127.0.0.1:8787') => ({
  settings,
  dataFolder,
  wish: { access: { mode: 'subscription' } as const, address, shell: {} },
});
const manage = async (owner: SetUpOwner, address?: string) => {
  expect(await setUpManaged({ ...request(address), owner }, systemClock)).toMatchObject({ ok: true });
};
const setUpForGood = async () => {
  const plan = await planSetUp(request());
  if (!plan.ok) throw new Error(plan.message);
  await applySetUp({ plan, newToken: undefined }, Date.UTC(2026, 10, 20));
};
const thisProcess = async (id = 'alive'): Promise<SetUpOwner> => ({ id, ...(await identify(process.pid)) });

describe('repairing what a killed process left', () => {
  it('gives the settings back when their relay is gone, and leaves no copy behind', async () => {
    await manage(gone);
    expect(await read()).toContain('127.0.0.1:8787');
    expect(await mend()).toEqual([expect.stringMatching(/^~\/\.claude\/settings\.json was given back: /)]);
    expect(await read()).toBe(original);
    expect(names()).toEqual(['settings.json']);
    expect(await entries()).toEqual({});
    expect(await mend()).toEqual([]);
  });

  it('leaves the settings of a relay that lives', async () => {
    await manage(await thisProcess());
    const text = await read();
    expect(await mend()).toEqual([]);
    expect(await read()).toBe(text);
  });

  it.runIf(process.platform === 'linux')(
    'is not taken in by a later process with the same number',
    async () => {
      await manage({ ...(await thisProcess()), mark: 'another boot/17' });
      expect(await mend()).toHaveLength(1);
      expect(await read()).toBe(original);
    },
  );

  it('leaves a set-up that was made for good', async () => {
    await setUpForGood();
    const text = await read();
    expect(await mend()).toEqual([]);
    expect(await read()).toBe(text);
    expect(Object.keys(await entries())).toEqual([settings.path]);
  });

  it.each([
    ['before the record', async () => rm(recordPath())],
    ['between record and settings', async () => undefined],
  ])('undoes a set-up that was killed %s', async (_, crash) => {
    for (const setUp of [setUpForGood, () => manage(gone)]) {
      await setUp();
      await writeFile(settings.path, original);
      await crash();
      await mend();
      expect(await read()).toBe(original);
      expect(existsSync(recordPath()) ? await entries() : {}).toEqual({});
    }
  });

  it('finishes an undoing that was killed between settings and record, with what the user added since', async () => {
    await manage(gone);
    await writeFile(settings.path, '{ "a" : 1, "b": 2 }\n');
    expect(await mend()).toEqual([expect.stringContaining('nothing of it is left')]);
    expect(await read()).toBe('{ "a" : 1, "b": 2 }\n');
    expect(await entries()).toEqual({});
  });

  it('keeps what the user changed since, and says so', async () => {
    await manage(gone);
    await writeFile(settings.path, (await read()).replace('http://127.0.0.1:8787', 'https://mine.test'));
    expect(await mend()).toEqual([expect.stringContaining('ANTHROPIC_BASE_URL was changed since and stays')]);
    expect(JSON.parse(await read())).toEqual({ a: 1, env: { ANTHROPIC_BASE_URL: 'https://mine.test' } });
  });

  it('does not make a file again that the user deleted, and names its backup', async () => {
    await manage(gone);
    await rm(settings.path);
    expect(await mend()).toEqual([expect.stringMatching(/which is gone, was forgotten\. Backup: .*\.bak$/)]);
    expect(existsSync(settings.path)).toBe(false);
    expect(names()).toEqual([expect.stringMatching(/\.bak$/)]);
  });

  it('refuses a half-typed file and a damaged record, and touches neither', async () => {
    await manage(gone);
    await writeFile(settings.path, '{ "a" : ');
    expect(await mend()).toContain('settings.json:1:');
    expect(await read()).toBe('{ "a" : ');
    await writeFile(recordPath(), '{');
    expect(await mend()).toContain('is damaged');
    expect(await read(recordPath())).toBe('{');
  });

  it('repairs settings in several places', async () => {
    await manage(gone);
    const elsewhere = { path: join(home, 'else', 'settings.json'), shownAs: '~/else/settings.json' };
    await setUpManaged({ ...request(), settings: elsewhere, owner: gone }, systemClock);
    expect(await mend()).toHaveLength(2);
    expect(await read()).toBe(original);
    expect(existsSync(elsewhere.path)).toBe(false);
  });

  it('removes half-written copies, and nothing that only looks like one', async () => {
    const kept = [
      'settings.json.cc-relay-20261120T120000Z.bak',
      'settings.json.cc-relay-mine',
      'x.cc-relay-abcdef',
    ];
    for (const name of ['settings.json.cc-relay-aB3dEf', 'settings.json.cc-relay-abcdef', ...kept.slice(1)]) {
      await mkdir(join(dirname(settings.path), name));
    }
    await writeFile(join(dirname(settings.path), 'settings.json.cc-relay-abcdef', 'new'), '{');
    await writeFile(join(dirname(settings.path), kept[0] ?? ''), '{}');
    await mkdir(join(dirname(settings.path), 'settings.json.cc-relay-zzzzzz', 'mine'), { recursive: true });
    await mend();
    expect(names()).toEqual(['settings.json', 'settings.json.cc-relay-zzzzzz', ...kept].toSorted());
  });

  it('writes nothing where nothing is wrong, not even a folder', async () => {
    expect(await findDamage(question())).toEqual({ ok: true, damages: [], leftovers: [] });
    expect(await mend()).toEqual([]);
    expect(names(home)).toEqual(['.claude']);
  });
});

describe('a set-up that belongs to a relay', () => {
  const undo = async (ownerId: string) =>
    await undoManaged({ settings, dataFolder, ownerId }, { clock: hastyClock, patienceMs: 0 });

  it('is undone by its relay only', async () => {
    await manage(gone);
    await manage(await thisProcess('second'));
    const text = await read();
    expect(await undo('gone')).toEqual({ ok: true, kind: 'not-ours' });
    expect(await read()).toBe(text);
    expect(await undo('second')).toEqual({ ok: true, kind: 'undone' });
    expect(await read()).toBe(original);
    expect(names()).toEqual(['settings.json']);
  });

  it('goes over to the next relay with another port, original and all', async () => {
    await manage(gone);
    await manage(await thisProcess('second'), 'http://127.0.0.1:9999');
    expect(await read()).toContain(':9999');
    await undo('second');
    expect(await read()).toBe(original);
  });

  it('takes over a set-up that was made for good, and undoes it, too', async () => {
    await setUpForGood();
    await manage(await thisProcess());
    await undo('alive');
    expect(await read()).toBe(original);
  });

  it('belongs to the user once he sets up for good', async () => {
    await manage(await thisProcess());
    await setUpForGood();
    expect(await undo('alive')).toEqual({ ok: true, kind: 'not-ours' });
    expect(await read()).toContain('127.0.0.1:8787');
  });
});

describe('the lock of the set-up', () => {
  const locked = (act: () => Promise<string>) => withSetUpLock({ dataFolder, clock: hastyClock }, act);

  it('lets one in at a time and is gone afterwards, even after a failure', async () => {
    let inside = 0;
    const act = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      return 'done';
    };
    const patient = { dataFolder, clock: systemClock };
    const all = await Promise.all(Array.from({ length: 8 }, () => withSetUpLock(patient, act)));
    expect(all).toEqual(Array.from({ length: 8 }, () => 'done'));
    await expect(locked(() => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
    expect(existsSync(lockPath())).toBe(false);
  });

  it('is taken from a process that is gone, also from one that died before it could say its name', async () => {
    await mkdir(dataFolder);
    await writeFile(lockPath(), JSON.stringify({ pid: gone.pid, mark: null }));
    expect(await locked(() => Promise.resolve('done'))).toBe('done');
    await writeFile(lockPath(), '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lockPath(), longAgo, longAgo);
    expect(await locked(() => Promise.resolve('done'))).toBe('done');
    expect(readdirSync(dataFolder)).toEqual([]);
  });

  it('is not taken from a process that lives', async () => {
    await mkdir(dataFolder);
    const holder = JSON.stringify(await identify(process.pid));
    await writeFile(lockPath(), holder);
    expect(await locked(() => Promise.resolve('done'))).toMatchObject({
      ok: false,
      message: expect.stringContaining('Another cc-relay'),
    });
    expect(await read(lockPath())).toBe(holder);
  });
});
