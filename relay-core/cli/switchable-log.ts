import type { Config } from '../config/config.ts';
import type { Logger } from '../ports.ts';

/** A log whose settings may change while it is in use. */
export type SwitchableLog = Logger & {
  /** Other settings from now on. Where they do not work the log stays as it is and says so. */
  reconfigure(settings: Config['logging']): Promise<void>;
};

/** Opens a log for settings; rejects where it cannot be written. */
type OpenLog = (settings: Config['logging']) => Promise<Logger>;

/** Opens the log; rejects like `open` when its first settings do not work. */
export const openSwitchableLog = async (
  settings: Config['logging'],
  open: OpenLog,
): Promise<SwitchableLog> => {
  let log = await open(settings);
  let current = JSON.stringify(settings);
  return {
    debug: (message, facts) => log.debug(message, facts),
    info: (message, facts) => log.info(message, facts),
    warn: (message, facts) => log.warn(message, facts),
    error: (message, facts) => log.error(message, facts),
    reconfigure: async (changed) => {
      if (JSON.stringify(changed) === current) return;
      try {
        log = await open(changed);
        current = JSON.stringify(changed);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
        log.error(`logging.output: ${changed.output} cannot be written (${code}); the log stays where it is`);
      }
    },
  };
};
