import type { Config } from '../config/config.ts';
import { formatProblem } from '../config/format-problem.ts';
import { type ConfigWatch, type WatchedFile, watchConfig } from '../config/watch-config.ts';
import type { Relay } from '../create-relay.ts';
import type { Logger } from '../ports.ts';
import type { CommandContext } from './command.ts';
import { loadConfig } from './open-config.ts';
import type { SwitchableLog } from './switchable-log.ts';

/** What following a configuration file changes. */
export type Followed = {
  readonly file: WatchedFile;
  readonly relay: Relay;
  readonly log: SwitchableLog;
  /** The command line's flags stand over the file, at every load. */
  readonly applyFlags: (config: Config) => Config;
};

/** A saved file takes effect within a second, as a whole or not at all; what is wrong with it goes to the log. */
export const followConfig = (context: CommandContext, followed: Followed): ConfigWatch => {
  let last = Promise.resolve();
  return watchConfig(followed.file, context.clock, () => {
    // One after the other: the file may be saved again while it is being read.
    last = last.then(() => reload(context, followed));
  });
};

const reload = async (context: CommandContext, followed: Followed): Promise<void> => {
  const { file, relay, log, applyFlags } = followed;
  const { path } = file;
  const result = await loadConfig(context, path);
  if (!result.ok) {
    refuse(
      log,
      result.problems.map((problem) => formatProblem(path, problem)),
    );
    return;
  }
  const config = applyFlags(result.config);
  const changed = relay.reconfigure(config);
  if (!changed.ok) {
    refuse(log, [changed.reason]);
    return;
  }
  await log.reconfigure(config.logging);
  log.info('configuration reloaded', { path });
  const notices = result.notices.map((notice) => formatProblem(path, notice));
  for (const notice of [...changed.notes, ...notices]) log.warn(notice);
};

const refuse = (log: Logger, problems: readonly string[]): void => {
  log.error('the changed configuration has problems: the one before stays in place');
  for (const problem of problems) log.error(problem);
};
