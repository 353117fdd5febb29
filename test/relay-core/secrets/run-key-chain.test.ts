import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { expect, it } from 'vitest';
import { runKeyChain } from '../../../relay-core/secrets/run-key-chain.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A key chain process that runs a script of the test's instead; `calls` counts its starts. */
const scripted = (onMessage: string) => {
  const children: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const script = `process.on('message', ({ id, request }) => { ${onMessage} });process.on('disconnect', () => process.exit(7));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    children.push(child);
    return child;
  };
  const clock = new FakeClock();
  return { ask: runKeyChain(clock, start), children, clock };
};
const exitOf = (child: ChildProcess | undefined): Promise<unknown> =>
  new Promise((resolve) => child?.once('exit', (code, signal) => resolve(signal ?? code)));
const { signal } = new AbortController();
const echo = "process.send({ id, reply: { kind: 'value', value: request.name } });";

it('asks one process for everything, matches answers to questions, and ends it when nobody asks', async () => {
  const { ask, children, clock } = scripted(echo);
  const names = ['a', 'b', 'c'];
  const replies = await Promise.all(names.map((name) => ask({ kind: 'read', name }, signal)));
  expect(replies).toEqual(names.map((value) => ({ kind: 'value', value })));
  clock.advance(999);
  await ask({ kind: 'read', name: 'a' }, signal);
  expect(children).toHaveLength(1);
  const exited = exitOf(children[0]);
  clock.advance(1000);
  const next = ask({ kind: 'read', name: 'd' }, signal);
  expect(await exited).toBe(7);
  expect(await next).toEqual({ kind: 'value', value: 'd' });
  expect(children).toHaveLength(2);
  clock.advance(1000);
  expect(await exitOf(children[1])).toBe(7);
  expect(clock.pendingTimers).toBe(0);
});

it('kills a process that hangs, and asks the next question of a new one', async () => {
  const { ask, children, clock } = scripted(`if (request.name === 'hang') { for (;;) {} } ${echo}`);
  const controller = new AbortController();
  const hanging = ask({ kind: 'read', name: 'hang' }, controller.signal);
  const waiting = ask({ kind: 'read', name: 'b' }, signal);
  const exited = exitOf(children[0]);
  controller.abort();
  const next = ask({ kind: 'read', name: 'c' }, signal);
  expect(await exited).toBe('SIGKILL');
  expect(await hanging).toEqual({ kind: 'failed', cause: 'crashed', detail: 'SIGKILL' });
  expect(await waiting).toEqual({ kind: 'failed', cause: 'crashed', detail: 'SIGKILL' });
  expect(await next).toEqual({ kind: 'value', value: 'c' });
  clock.advance(1000);
  await exitOf(children[1]);
});

it('survives a crash of the library', async () => {
  const { ask, children } = scripted("process.kill(process.pid, 'SIGSEGV')");
  expect(await ask({ kind: 'list' }, signal)).toEqual({
    kind: 'failed',
    cause: 'crashed',
    detail: 'SIGSEGV',
  });
  expect(await ask({ kind: 'list' }, signal)).toEqual({
    kind: 'failed',
    cause: 'crashed',
    detail: 'SIGSEGV',
  });
  expect(children).toHaveLength(2);
});

it('says when no process can be started', async () => {
  const start = () => spawn('/nonexistent/program', { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const ask = runKeyChain(new FakeClock(), start);
  expect(await ask({ kind: 'list' }, signal)).toEqual({ kind: 'failed', cause: 'crashed', detail: 'ENOENT' });
});
