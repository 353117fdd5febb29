import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'undici';
import { type CallTiming, callOnce } from './call-once.ts';
import type { Payload } from './payloads.ts';

/** How many requests, and what ends them early. */
export type LoadLimits = { readonly requests: number; readonly signal: AbortSignal };

/** One request at a time, one every `paceMs` (or as soon as the last has ended). */
export const runPaced = async (
  client: Client,
  payload: Payload,
  { requests, signal, paceMs }: LoadLimits & { readonly paceMs: number },
): Promise<readonly CallTiming[]> => {
  const timings: CallTiming[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < requests; index += 1) {
    const waitMs = startedAt + index * paceMs - performance.now();
    if (waitMs > 0) await wait(waitMs);
    signal.throwIfAborted();
    timings.push(await callOnce(client, payload));
  }
  return timings;
};

/** Every client sends one request after the other, all together `requests`. Resolves with requests per second. */
export const runConcurrently = async (
  clients: readonly Client[],
  payload: Payload,
  { requests, signal }: LoadLimits,
): Promise<number> => {
  let started = 0;
  const sendMany = async (client: Client): Promise<void> => {
    while (started < requests) {
      started += 1;
      signal.throwIfAborted();
      await callOnce(client, payload);
    }
  };
  const startedAt = performance.now();
  await Promise.all(clients.map(sendMany));
  return (requests * 1000) / (performance.now() - startedAt);
};
