import { type DestinationStream, destination, pino } from 'pino';
import type { Config } from './config/config.ts';
import type { Clock, LogFacts, Logger } from './ports.ts';

/** Settings of the log, whether people read standard error directly, and when the process ends. */
export type LoggerSettings = Config['logging'] & {
  readonly isTerminal: boolean;
  readonly clock: Clock;
  /** Registers what must still be written before the process is gone. */
  readonly onExit: (listener: () => void) => void;
};

const standardStreams: ReadonlyMap<string, number> = new Map([
  ['stdout', 1],
  ['stderr', 2],
]);

/** Lines are gathered, so that a request does not wait for the disk; no line is older than this when it is written. */
const flushEveryMs = 200;
const gatheredBytes = 4096;

/** A log of one line a fact, as JSON or for people to read. Throws when a log file cannot be opened. */
export const createLogger = async (settings: LoggerSettings): Promise<Logger> => {
  const { level, output, format, isTerminal } = settings;
  const to = standardStreams.get(output) ?? output;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal && typeof to === 'number');
  // Other users of this machine have no business in a log file: 0600.
  const sink = destination({
    ...{ dest: to, sync: true, mkdir: true, mode: 0o600 },
    minLength: isPretty ? 0 : gatheredBytes,
  });
  settings.onExit(() => sink.flushSync());
  const log = pino({ level, base: null }, isPretty ? await prettify(sink, isTerminal) : sink);
  let isFlushDue = false;
  const flush = settings.clock.startTimer(flushEveryMs, () => {
    isFlushDue = false;
    sink.flushSync();
  });
  const writeAt = (name: Config['logging']['level']) => (message: string, facts?: LogFacts) => {
    log[name](facts ?? {}, message);
    if (!isFlushDue) flush.refresh();
    isFlushDue = true;
  };
  return { debug: writeAt('debug'), info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') };
};

/** Loaded only where people read along: every module in memory is one more for the garbage collector to walk. */
const prettify = async (sink: DestinationStream, colorize: boolean): Promise<DestinationStream> => {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: sink, colorize, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' });
};
