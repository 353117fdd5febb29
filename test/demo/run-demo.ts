/** Shows within seconds what the relay does: simulated providers and sessions, the whole engine in between. */
import { parseArgs } from 'node:util';
import { breakerOpenMs, createDemoRelay } from './demo-relay.ts';
import { paintInColour, paintNothing, renderHeader, renderLine, renderSummary } from './render.ts';
import { startUpstreams } from './simulated-upstreams.ts';
import { type Happening, tell } from './storyteller.ts';
import { Tally } from './tally.ts';
import { runTraffic } from './traffic.ts';

const usage = 'usage: npm run demo -- [--seconds N]   N from 5 to 120; default 14';
const sessionCount = 6;

/** Undefined when the words make no sense. */
const readSeconds = (args: readonly string[]): number | undefined => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { seconds: { type: 'string', default: '14' } },
    });
    const seconds = Number(values.seconds);
    return seconds >= 5 && seconds <= 120 ? seconds : undefined;
  } catch {
    // parseArgs throws for nothing but words it does not know.
    return undefined;
  }
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const runDemo = async (seconds: number, signal: AbortSignal): Promise<void> => {
  const paint = process.stdout.isTTY && !process.env.NO_COLOR ? paintInColour : paintNothing;
  const upstreams = await startUpstreams();
  const { relay, keyName, start } = createDemoRelay(upstreams);
  const tally = new Tally(['flaky', 'limited', 'steady']);
  const url = await start();
  print(renderHeader(seconds));
  const startedAt = Date.now();
  const narrate = (happening: Happening) => {
    const line = tell(happening, { keyName, breakerOpenMs });
    if (line !== undefined) print(renderLine(line, startedAt, paint));
  };
  relay.on((event) => {
    tally.noteEvent(event);
    narrate(event);
  });
  await runTraffic({
    url,
    sessionCount,
    durationMs: seconds * 1000,
    signal,
    onSeen: (seen) => {
      tally.noteSeen(seen);
      narrate({ kind: 'client-saw', at: Date.now(), seen });
    },
  });
  relay.cut();
  await relay.stop();
  await upstreams.stop();
  print(renderSummary(tally.figures, !signal.aborted));
};

const main = async (): Promise<number> => {
  const seconds = readSeconds(process.argv.slice(2));
  if (seconds === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  // Whoever reads may leave before the end: `npm run demo | head`.
  process.stdout.on('error', () => stopped.abort());
  await runDemo(seconds, stopped.signal);
  return 0;
};

process.exitCode = await main();
