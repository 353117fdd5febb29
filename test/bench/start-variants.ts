import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type BenchProcess, startProcess } from './bench-process.ts';
import { openVariant, type Variant } from './measure.ts';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Everything is counted, nothing is short. */
const roomyLimits = {
  rpm_limit: 100_000_000,
  itpm_limit: 1_000_000_000_000,
  otpm_limit: 1_000_000_000_000,
  max_concurrent: 10_000,
};

/** What a demanding user has: two providers with two keys each, every kind of limit, breaker and affinity. */
const configFor = (upstreamOrigin: string): string =>
  stringify({
    server: { listen: '127.0.0.1:0', max_concurrent: 10_000 },
    providers: ['first', 'second'].map((name) => ({
      name,
      type: 'anthropic',
      enabled: true,
      base_url: upstreamOrigin,
      keys: [1, 2].map((number) => ({ key: `dummy-key-${name}-${number}`, ...roomyLimits })),
    })),
  });

/** Runs `use` with an upstream, a floor and a real relay, each a process of its own, and ends them all after it. */
export const withVariants = async (
  profileFolder: string | undefined,
  use: (variants: readonly Variant[]) => Promise<void>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'cc-relay-bench-'));
  const processes: BenchProcess[] = [];
  const variants: Variant[] = [];
  const start = async (...args: readonly string[]): Promise<BenchProcess> => {
    const started = await startProcess(args);
    processes.push(started);
    return started;
  };
  try {
    const upstream = await start(pathOf('./scripted-upstream.ts'));
    const floor = await start(pathOf('./floor.ts'), upstream.origin);
    const configPath = join(folder, 'config.yaml');
    await writeFile(configPath, configFor(upstream.origin), { mode: 0o600 });
    const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    const command = [pathOf('../../relay-core/cli/cc-relay.js'), 'serve', '--config', configPath];
    const relay = await start(...profiling, ...command, '--port', '0', '--data-dir', join(folder, 'data'));
    variants.push(
      openVariant('direct', upstream.origin),
      openVariant('floor', floor.origin, floor.pid),
      openVariant('relay', relay.origin, relay.pid),
    );
    await use(variants);
  } finally {
    await Promise.all(variants.flatMap(({ clients }) => clients.map((client) => client.destroy())));
    await Promise.all(processes.map((running) => running.stop()));
    await rm(folder, { recursive: true, force: true });
  }
};
