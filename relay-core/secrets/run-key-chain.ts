import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Clock, Timer } from '../ports.ts';
import type { AskKeyChain, KeyChainReply } from './key-chain.ts';

const failedSchema = z.object({
  kind: z.literal('failed'),
  cause: z.enum(['not-loaded', 'no-bus', 'no-key-chain', 'locked', 'crashed', 'timed-out', 'refused']),
  detail: z.string().optional(),
});
const answerSchema = z.object({
  id: z.number(),
  reply: z.discriminatedUnion('kind', [
    z
      .object({ kind: z.literal('value'), value: z.string().optional() })
      .transform(({ kind, value }) => ({ kind, value })),
    z.object({ kind: z.literal('written') }),
    z.object({ kind: z.literal('removed'), existed: z.boolean() }),
    z.object({ kind: z.literal('names'), names: z.array(z.string()) }),
    failedSchema,
  ]),
});

/** How long an unused process is kept for the next question. */
const idleMs = 1000;

const entry = fileURLToPath(new URL('./key-chain-process.ts', import.meta.url));

/** Standard streams stay closed: nothing that a library prints can end up in a log. */
const forkKeyChain = (): ChildProcess =>
  fork(entry, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });

type Waiting = (reply: KeyChainReply) => void;

/** One process and who waits for it. */
type Running = { readonly child: ChildProcess; readonly waiting: Map<number, Waiting> };

/** The system's key chain, asked through a process that is started when needed and can be ended when it hangs. */
export function runKeyChain(clock: Clock, start: () => ChildProcess = forkKeyChain): AskKeyChain {
  let running: Running | undefined;
  let idle: Timer | undefined;
  let lastId = 0;

  const leave = (left: Running): void => {
    if (running === left) running = undefined;
  };
  const obtain = (): Running => {
    idle?.cancel();
    running ??= startProcess(start, leave);
    return running;
  };
  const rest = (resting: Running): void => {
    if (resting.waiting.size > 0 || running !== resting) return;
    idle = clock.startTimer(idleMs, () => {
      leave(resting);
      resting.child.disconnect();
    });
  };

  return (request, signal) => {
    const asked = obtain();
    lastId += 1;
    const id = lastId;
    const abort = (): void => {
      leave(asked);
      asked.child.kill('SIGKILL');
    };
    return new Promise((resolve) => {
      asked.waiting.set(id, (reply) => {
        asked.waiting.delete(id);
        signal.removeEventListener('abort', abort);
        rest(asked);
        resolve(reply);
      });
      signal.addEventListener('abort', abort, { once: true });
      // A process that is gone already tells so through its `exit` event.
      asked.child.send({ id, request }, () => undefined);
    });
  };
}

function startProcess(start: () => ChildProcess, leave: (left: Running) => void): Running {
  const child = start();
  const started: Running = { child, waiting: new Map() };
  const end = (detail: string): void => {
    leave(started);
    for (const resolve of started.waiting.values()) resolve({ kind: 'failed', cause: 'crashed', detail });
  };
  child.on('message', (message) => {
    const { id, reply } = answerSchema.parse(message);
    started.waiting.get(id)?.(reply);
  });
  child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  child.on('error', (error) => end('code' in error ? String(error.code) : error.name));
  return started;
}
