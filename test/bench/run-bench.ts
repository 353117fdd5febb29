/** What the relay costs: CPU time, throughput and latency beside a bare pass-through and no proxy at all. */
import { findCpuClock } from './cpu-time.ts';
import { runConcurrently } from './load.ts';
import { located, measure, type RoundPlan, type Sample, type Variant, type VariantName } from './measure.ts';
import { type BenchOptions, choosePayloads, readOptions, usage } from './options.ts';
import { createPayloads, type Payload } from './payloads.ts';
import { withVariants } from './start-variants.ts';
import { describeRun, type PayloadResult, type Round, renderTable } from './table.ts';

const fullRun = { rounds: 5, pacedRequests: 100, share: 1, warmUpShare: 3 };
const quickRun = { rounds: 2, pacedRequests: 20, share: 0.15, warmUpShare: 0.75 };
const paceMs = 5;
/** No run takes longer, whatever hangs. */
const longestRunMs = 480_000;

/**
 * Requests through each variant, unmeasured. V8 still compiles at the 10,000th: before that the relay, having
 * more code than the floor, shows up to three times its steady cost.
 */
const warmUp = async (
  variants: readonly Variant[],
  payloads: readonly Payload[],
  { share, signal }: { readonly share: number; readonly signal: AbortSignal },
): Promise<void> => {
  for (const kind of ['json', 'sse']) {
    const payload = payloads.find((candidate) => candidate.kind === kind);
    if (payload === undefined) continue;
    const requests = Math.ceil(payload.requestsPerRound * share);
    for (const variant of variants)
      await located(variant, payload, runConcurrently(variant.clients, payload, { requests, signal }));
  }
};

/** Each variant in turn. The first of one round is the last of the next, so that none always follows the same. */
const measureRound = async (
  variants: readonly Variant[],
  payload: Payload,
  { index, ...plan }: RoundPlan & { readonly index: number },
): Promise<Round> => {
  const samples = new Map<VariantName, Sample>();
  const first = index % variants.length;
  for (const variant of [...variants.slice(first), ...variants.slice(0, first)])
    samples.set(variant.name, await located(variant, payload, measure(variant, payload, plan)));
  const sampleOf = (name: VariantName): Sample => {
    const sample = samples.get(name);
    if (sample === undefined) throw new Error(`no sample of ${name}`);
    return sample;
  };
  return { direct: sampleOf('direct'), floor: sampleOf('floor'), relay: sampleOf('relay') };
};

const measurePayload = async (
  variants: readonly Variant[],
  payload: Payload,
  { isQuick, signal }: { readonly isQuick: boolean; readonly signal: AbortSignal },
): Promise<PayloadResult> => {
  const { rounds: count, pacedRequests, share } = isQuick ? quickRun : fullRun;
  const concurrentRequests = Math.ceil(payload.requestsPerRound * share);
  const plan = { pacedRequests, paceMs, concurrentRequests, cpuClock: findCpuClock(), signal };
  const rounds: Round[] = [];
  for (let index = 0; index <= count; index += 1) {
    const round = await measureRound(variants, payload, { ...plan, index });
    // The first one is the payload's own warm-up.
    if (index > 0) rounds.push(round);
  }
  return { payload, rounds };
};

const runBench = async (
  { isQuick, profileFolder }: BenchOptions,
  payloads: readonly Payload[],
  signal: AbortSignal,
): Promise<void> => {
  const header = describeRun(findCpuClock());
  const results: PayloadResult[] = [];
  await withVariants(profileFolder, async (variants) => {
    const share = isQuick ? quickRun.warmUpShare : fullRun.warmUpShare;
    await warmUp(variants, payloads, { share, signal });
    for (const payload of payloads) {
      process.stderr.write(`${payload.sizeKb} KB ${payload.kind} …\n`);
      results.push(await measurePayload(variants, payload, { isQuick, signal }));
    }
  });
  process.stdout.write(`${header}\n\n${renderTable(results)}\n`);
};

const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  const payloads = options && choosePayloads(createPayloads(), options.only);
  if (options === undefined || payloads === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
  try {
    await runBench(options, payloads, AbortSignal.any([stopped.signal, AbortSignal.timeout(longestRunMs)]));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
};

process.exitCode = await main();
