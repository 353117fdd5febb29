import { cpus, loadavg, release, type as systemName } from 'node:os';
import type { CpuClock } from './cpu-time.ts';
import type { Sample, VariantName } from './measure.ts';
import type { Payload } from './payloads.ts';
import { medianOf, spreadOf } from './spread.ts';

/** The samples of one payload; each round holds every variant once. */
export type PayloadResult = { readonly payload: Payload; readonly rounds: readonly Round[] };
/** One sample of each variant, taken one right after the other. */
export type Round = Readonly<Record<VariantName, Sample>>;

/** Where and how the numbers came about, in one line. */
export const describeRun = (cpuClock: CpuClock | undefined): string => {
  const cores = cpus();
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  const clock = cpuClock?.source ?? 'not measured: this system has no /proc';
  const command = ['node test/bench/run-bench.ts', ...process.argv.slice(2)].join(' ');
  return [
    `${cores.length} cores (${cores[0]?.model ?? 'unknown'})`,
    `${systemName()} ${release()}`,
    `Node ${process.version}`,
    new Date().toISOString().slice(0, 16),
    `load ${load}`,
    `CPU time: ${clock}`,
    `\`${command}\``,
  ].join(' · ');
};

const columns = [
  ...['request', 'answer', 'floor CPU µs/request', 'relay CPU µs/request', 'relay/floor'],
  ...['direct req/s', 'floor req/s', 'relay req/s', 'floor added p50 ms', 'relay added p50 ms'],
];

/** The results as Markdown: median (best) of the rounds; latencies as median [range]. */
export const renderTable = (results: readonly PayloadResult[]): string => {
  const rows = results.map((result) => `| ${cellsOf(result).join(' | ')} |`);
  const rule = `|${columns.map(() => '---').join('|')}|`;
  return [`| ${columns.join(' | ')} |`, rule, ...rows].join('\n');
};

const cellsOf = ({ payload, rounds }: PayloadResult): readonly string[] => [
  payload.sizeKb >= 1024 ? `${payload.sizeKb / 1024} MB` : `${payload.sizeKb} KB`,
  payload.kind.toUpperCase(),
  cpuCell(rounds, 'floor'),
  cpuCell(rounds, 'relay'),
  ratioCell(rounds),
  ...(['direct', 'floor', 'relay'] as const).map((name) => rateCell(rounds, name)),
  ...(['floor', 'relay'] as const).map((name) => addedCell(payload, rounds, name)),
];

const cpuOf = (rounds: readonly Round[], name: VariantName): readonly number[] =>
  rounds.flatMap((round) => round[name].cpuMicrosPerRequest ?? []);

const cpuCell = (rounds: readonly Round[], name: VariantName): string => {
  const values = cpuOf(rounds, name);
  if (values.length === 0) return '–';
  const { median, min } = spreadOf(values);
  return `${median.toFixed(0)} (${min.toFixed(0)})`;
};

const ratioCell = (rounds: readonly Round[]): string => {
  const floor = cpuOf(rounds, 'floor');
  const relay = cpuOf(rounds, 'relay');
  if (floor.length === 0) return '–';
  const ofMedians = medianOf(relay) / medianOf(floor);
  const ofBest = Math.min(...relay) / Math.min(...floor);
  return `${ofMedians.toFixed(2)} (${ofBest.toFixed(2)})`;
};

const rateCell = (rounds: readonly Round[], name: VariantName): string =>
  medianOf(rounds.map((round) => round[name].requestsPerSecond)).toFixed(0);

type Latency = 'firstByteMs' | 'totalMs';

const addedCell = ({ kind }: Payload, rounds: readonly Round[], name: VariantName): string => {
  const added = (latency: Latency): string => {
    const values = rounds.map((round) => round[name][latency] - round.direct[latency]);
    const { median, min, max } = spreadOf(values);
    return `${median.toFixed(2)} [${min.toFixed(2)}…${max.toFixed(2)}]`;
  };
  return kind === 'json' ? added('totalMs') : `${added('totalMs')}; first byte ${added('firstByteMs')}`;
};
