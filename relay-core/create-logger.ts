import { destination, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config/config.ts';
import type { LogFacts, Logger } from './ports.ts';

/** Settings of the log and whether people read standard error directly. */
export type LoggerSettings = Config['logging'] & { readonly isTerminal: boolean };

const standardStreams: ReadonlyMap<string, number> = new Map([
  ['stdout', 1],
  ['stderr', 2],
]);

/** A log of one line a fact, as JSON or for people to read. Throws when a log file cannot be opened. */
export const createLogger = (settings: LoggerSettings): Logger => {
  const { level, output, format, isTerminal } = settings;
  // Other users of this machine have no business in a log file: 0600.
  const to = standardStreams.get(output) ?? output;
  const sink = destination({ dest: to, sync: true, mkdir: true, mode: 0o600 });
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal && typeof to === 'number');
  const stream = isPretty
    ? pretty({
        destination: sink,
        colorize: isTerminal,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
      })
    : sink;
  const log = pino({ level, base: null }, stream);
  const writeAt = (name: Config['logging']['level']) => (message: string, facts?: LogFacts) =>
    log[name](facts ?? {}, message);
  return { debug: writeAt('debug'), info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') };
};
