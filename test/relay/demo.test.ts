import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AttemptRecord, ExchangeRecord } from '../../relay-core/contracts/records.ts';
import { paintInColour, paintNothing, renderLine } from '../demo/render.ts';
import { type Happening, tell } from '../demo/storyteller.ts';
import { sessionName } from '../demo/traffic.ts';

const entry = fileURLToPath(new URL('../demo/run-demo.ts', import.meta.url));

const startDemo = (...args: readonly string[]) => {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, ended };
};

/** The numbers of the summary's row of this name. */
const numbersIn = (output: string, row: string): readonly number[] => {
  const line = output.split('\n').find((each) => each.startsWith(`  ${row} `)) ?? '';
  return [...line.matchAll(/\d+/g)].map(([digits]) => Number(digits));
};

describe.concurrent('npm run demo', () => {
  it('tells every kind of incident, adds up, and ends by itself', async () => {
    const { code, stdout, stderr } = await startDemo('--seconds', '5').ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const kinds = [
      /session \d +flaky was overloaded \(529\) → \w+ answered in \d+ ms; the agent noticed nothing/,
      /session \d +flaky reset the connection → \w+ answered in \d+ ms; the agent noticed nothing/,
      /session \d +limited refused key \d \(429\) → its key \d answered in \d+ ms; the agent noticed nothing/,
      /limited +key \d was used too often \(429\): it rests for 2 s/,
      /flaky +too many failures in a row: left alone for 2 s \(circuit breaker opened\)/,
      /flaky +rested: .+ \(circuit breaker half-open\)/,
      /flaky +well again: back in service \(circuit breaker closed\)/,
      /session \d +the stream of flaky broke in the middle of its text/,
      /session \d +asked again at once, as Claude Code does: \w+ answered in \d+ ms/,
    ];
    for (const kind of kinds) expect(stdout).toMatch(kind);
    expect(stdout).not.toMatch(/undefined|NaN|\[object/);
    expect(stdout).not.toContain('\u001b');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);

    const [requests = 0, askedAgain = 0] = numbersIn(stdout, 'requests');
    const [whole = 0, ...byWhom] = numbersIn(stdout, 'answered whole');
    const [breaks = 0] = numbersIn(stdout, 'visible breaks');
    const [errors = 0] = numbersIn(stdout, 'errors seen');
    const [hidden = 0, toOtherProvider = 0, toOtherKey = 0] = numbersIn(stdout, 'failures hidden');
    expect(requests).toBe(whole + breaks + errors);
    expect(byWhom).toHaveLength(3);
    expect(byWhom.reduce((sum, count) => sum + count)).toBe(whole);
    expect(hidden).toBe(toOtherProvider + toOtherKey);
    expect(errors).toBe(0);
    const told = (pattern: RegExp) => stdout.match(pattern)?.length ?? 0;
    expect(told(/the agent noticed nothing|; not noticed/g)).toBeLessThanOrEqual(hidden);
    expect(told(/broke in the middle/g)).toBe(breaks);
    expect(told(/asked again at once/g)).toBe(askedAgain);
  });

  it('ends at Ctrl-C with what was counted until then', async () => {
    const { child, ended } = startDemo();
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Stopped early; until then:');
  });

  it('refuses a time too short for the story', async () => {
    const { code, stdout, stderr } = await startDemo('--seconds', '1').ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^usage: npm run demo/);
  });
});

const keyNames = new Map([
  ['aaaa1111', 'key 1'],
  ['bbbb2222', 'key 2'],
]);
const facts = {
  keyName: (_upstream: string, keyId: string) => keyNames.get(keyId) ?? 'no key',
  breakerOpenMs: 2_500,
};
const textOf = (happening: Happening) => tell(happening, facts)?.text;

const attemptAt = (upstream: string, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  upstream,
  credential: 'key aaaa1111',
  model: 'claude-dummy',
  status: 200,
  durationMs: 10,
  mayBeBilled: false,
  ...more,
});
const overloaded = attemptAt('flaky', { status: 529, failure: 'overloaded' });
const { status: _none, ...unreachable } = attemptAt('flaky');
const reset = { ...unreachable, failure: 'unreachable: the connection was reset (ECONNRESET)' };
const refused = { ...unreachable, failure: 'unreachable: connection refused (ECONNREFUSED)' };
const hidden = attemptAt('flaky', { failure: 'overloaded' });
const limited = (key: string) =>
  attemptAt('limited', { credential: `key ${key}`, status: 429, failure: 'rate-limited' });

const completed = (attempts: readonly AttemptRecord[], more: Partial<ExchangeRecord> = {}): Happening => ({
  kind: 'exchange-completed',
  at: 1_000,
  record: {
    ...{ id: 'req_1', startedAt: 900, method: 'POST', path: '/v1/messages', model: 'claude-dummy' },
    ...{ sessionId: 'session-3.1', outcome: 'completed', status: 200, attempts, usage: undefined },
    ...{ firstByteMs: 40.6, durationMs: 100, requestBytes: 1, responseBytes: 1, reason: undefined },
    ...more,
  },
});

describe('the storyteller', () => {
  it.each<[string, readonly AttemptRecord[], string]>([
    [
      'an overload',
      [overloaded, attemptAt('limited')],
      'flaky was overloaded (529) → limited answered in 41 ms',
    ],
    ['a reset', [reset, attemptAt('limited')], 'flaky reset the connection → limited answered in 41 ms'],
    ['a dead host', [refused, attemptAt('steady')], 'flaky could not be reached → steady answered in 41 ms'],
    [
      'a hidden error',
      [hidden, attemptAt('steady')],
      'flaky hid an error in a 200 → steady answered in 41 ms',
    ],
    [
      'the next key',
      [limited('aaaa1111'), attemptAt('limited', { credential: 'key bbbb2222' })],
      'limited refused key 1 (429) → its key 2 answered in 41 ms',
    ],
    [
      'anything else',
      [attemptAt('flaky', { status: 500, failure: 'server-error' }), attemptAt('steady')],
      'flaky failed (500) → steady answered in 41 ms',
    ],
  ])('tells of %s that the agent did not notice', (_name, attempts, text) => {
    expect(tell(completed(attempts), facts)).toEqual({
      ...{ at: 1_000, who: 'session 3', tone: 'good' },
      text: `${text}; the agent noticed nothing`,
    });
  });

  it('grows shorter where a line would be too long', () => {
    const keys = [limited('aaaa1111'), limited('bbbb2222'), attemptAt('steady')];
    const two = [hidden, limited('aaaa1111'), attemptAt('steady')];
    const three = [hidden, limited('aaaa1111'), limited('bbbb2222'), attemptAt('steady')];
    expect(textOf(completed(keys))).toBe(
      'limited refused key 1 and key 2 (429) → steady answered in 41 ms; not noticed',
    );
    expect(textOf(completed(two))).toBe(
      'flaky hid an error in a 200, limited refused key 1 (429) → steady answered in 41 ms',
    );
    expect(textOf(completed(three))).toBe(
      'flaky and limited failed → steady answered in 41 ms; the agent noticed nothing',
    );
  });

  it('says nothing of an answer without incident, nor of a client that left', () => {
    expect(tell(completed([attemptAt('steady')]), facts)).toBeUndefined();
    expect(tell(completed([overloaded], { outcome: 'client-left' }), facts)).toBeUndefined();
  });

  it('hides neither a break nor an error', () => {
    expect(tell(completed([attemptAt('flaky')], { outcome: 'broken' }), facts)).toMatchObject({
      tone: 'bad',
      text: 'the stream of flaky broke in the middle of its text: a break the agent sees',
    });
    expect(textOf(completed([overloaded], { outcome: 'upstream-error', status: 529 }))).toBe(
      'an error reached the agent: 529',
    );
    expect(textOf(completed([], { outcome: 'refused', status: undefined }))).toBe(
      'an error reached the agent: no answer',
    );
  });

  it('tells how asking again went, and nothing of first requests', () => {
    const seen = { session: 'session 3', status: 200, isWhole: true, provider: 'steady', waitMs: 20.2 };
    const saw = (more: object): Happening => ({
      kind: 'client-saw',
      at: 1_000,
      seen: { ...seen, isAskedAgain: true, ...more },
    });
    expect(textOf(saw({}))).toBe('asked again at once, as Claude Code does: steady answered in 20 ms');
    expect(textOf(saw({ isWhole: false }))).toBe('asked again, and the answer broke off once more');
    expect(textOf(saw({ isWhole: false, status: 529 }))).toBe('asked again, and got an error (529)');
    expect(textOf(saw({ isWhole: false, status: 0 }))).toBe('asked again, and got no answer');
    expect(textOf(saw({ isAskedAgain: false }))).toBeUndefined();
  });

  it('tells of keys and breakers in plain words', () => {
    const breaker = (state: 'open' | 'half-open' | 'closed'): Happening => ({
      ...{ kind: 'breaker-changed', at: 1_000, upstream: 'flaky' },
      state,
    });
    expect(textOf(breaker('open'))).toBe(
      'too many failures in a row: left alone for 2.5 s (circuit breaker opened)',
    );
    expect(textOf(breaker('half-open'))).toContain('one request at a time');
    expect(textOf(breaker('closed'))).toBe('well again: back in service (circuit breaker closed)');
    const cooled = { kind: 'key-cooled-down', at: 1_000, upstream: 'limited', keyId: 'bbbb2222' } as const;
    expect(tell({ ...cooled, reason: 'rate-limited', untilAt: 3_000 }, facts)).toMatchObject({
      who: 'limited',
      text: 'key 2 was used too often (429): it rests for 2 s',
    });
  });

  it('knows a session by any of its conversations', () => {
    expect([sessionName('session-3.0'), sessionName('session-12.7')]).toEqual(['session 3', 'session 12']);
  });

  it('puts time and name in front, and colour only where it is asked for', () => {
    const line = { at: 2_234, who: 'flaky', text: 'well again', tone: 'good' } as const;
    expect(renderLine(line, 1_000, paintNothing)).toBe('  1.2 s  flaky      well again');
    expect(renderLine(line, 1_000, paintInColour)).toBe('  1.2 s  flaky      \u001b[32mwell again\u001b[39m');
  });
});
