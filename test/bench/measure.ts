import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'undici';
import type { CpuClock } from './cpu-time.ts';
import { runConcurrently, runPaced } from './load.ts';
import type { Payload } from './payloads.ts';
import { medianOf } from './spread.ts';

/** The ways from the client to the upstream. */
export const variantNames = ['direct', 'floor', 'relay'] as const;
export type VariantName = (typeof variantNames)[number];

/** One way, with its open connections. */
export type Variant = {
  readonly name: VariantName;
  readonly clients: readonly Client[];
  /** The process in the middle; undefined for `direct`. */
  readonly pid: number | undefined;
};

/** What one variant did in one round. Latencies are medians of the round. */
export type Sample = {
  readonly variant: VariantName;
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number | undefined;
};

/** How much one round does. */
export type RoundPlan = {
  readonly pacedRequests: number;
  readonly paceMs: number;
  readonly concurrentRequests: number;
  readonly cpuClock: CpuClock | undefined;
  readonly signal: AbortSignal;
};

const concurrency = 16;
/** What a process does after its last answer belongs to the round: records, collected garbage. */
const settleMs = 20;

/** Opens the connections of a variant. */
export const openVariant = (name: VariantName, origin: string, pid?: number): Variant => ({
  name,
  clients: Array.from({ length: concurrency }, () => new Client(origin, { pipelining: 1 })),
  pid,
});

/** Says in which variant and with which payload `work` failed. */
export const located = async <T>(variant: Variant, payload: Payload, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${variant.name}, ${payload.sizeKb} KB ${payload.kind}: ${reason}`, { cause: error });
  }
};

/** Measures one variant with one payload. Rejects at the first wrong answer. */
export const measure = async (
  { name, clients, pid }: Variant,
  payload: Payload,
  plan: RoundPlan,
): Promise<Sample> => {
  const { cpuClock, signal, paceMs } = plan;
  const [client] = clients;
  if (client === undefined) throw new Error('a variant without connections');
  const timings = await runPaced(client, payload, { requests: plan.pacedRequests, paceMs, signal });
  const readCpu = () => (pid === undefined ? undefined : cpuClock?.read(pid));
  const cpuBefore = readCpu();
  const requests = plan.concurrentRequests;
  const requestsPerSecond = await runConcurrently(clients, payload, { requests, signal });
  await wait(settleMs);
  const cpuAfter = readCpu();
  return {
    variant: name,
    firstByteMs: medianOf(timings.map((timing) => timing.firstByteMs)),
    totalMs: medianOf(timings.map((timing) => timing.totalMs)),
    requestsPerSecond,
    cpuMicrosPerRequest:
      cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / requests,
  };
};
