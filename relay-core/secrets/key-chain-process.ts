/**
 * A process of its own for the key chain: a call that hangs cannot be ended inside a process, would keep it from
 * exiting, and keytar crashes on some locked key chains. Started by `run-key-chain.ts`.
 */
import { callKeytar } from './call-keytar.ts';
import type { KeyChainRequest } from './key-chain.ts';

type Envelope = { readonly id: number; readonly request: KeyChainRequest };

const isEnvelope = (message: unknown): message is Envelope =>
  typeof message === 'object' && message !== null && 'id' in message && 'request' in message;

const source = {
  load: async () => (await import('keytar')).default,
  probeId: String(process.pid),
};

// One after the other: libsecret shares one connection, and its answers are fast.
let last: Promise<void> = Promise.resolve();

const answer = async ({ id, request }: Envelope): Promise<void> => {
  process.send?.({ id, reply: await callKeytar(source, request) });
};

process.on('message', (message: unknown) => {
  if (isEnvelope(message)) last = last.then(() => answer(message));
});

// A normal exit would wait for a hanging call for ever.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
