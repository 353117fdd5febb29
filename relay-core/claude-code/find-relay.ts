import type { Config, ConfigResult } from '../config/config.ts';
import { formatProblem } from '../config/format-problem.ts';
import { type ConfigQuestion, locateConfig } from '../config/locate-config.ts';
import type { Refused } from './file-failure.ts';
import { addressOf, defaultAddress } from './relay-address.ts';
import { findRunningAddress } from './relay-note.ts';

/** What the set-up knows of the relay. `config` undefined = there is no config file, the default applies. */
export type FoundRelay = {
  readonly ok: true;
  readonly configPath: string;
  readonly config: Config | undefined;
  /** Where the running relay listens, else where it will. */
  readonly address: string;
};

/** Where to look for the config, and who reads it: whoever does knows the key chain. */
export type RelayQuestion = ConfigQuestion & { loadConfig(path: string): Promise<ConfigResult> };

/** Loads the config that `serve` would load and finds the relay's address; a config with mistakes is refused. */
export async function findRelay(question: RelayQuestion, dataFolder: string): Promise<FoundRelay | Refused> {
  const location = await locateConfig(question);
  const running = await findRunningAddress(dataFolder);
  const found = { ok: true, configPath: location.path } as const;
  if (!location.exists && question.configFlag === undefined) {
    return { ...found, config: undefined, address: running ?? defaultAddress };
  }
  const loaded = await question.loadConfig(location.path);
  if (loaded.ok) {
    return { ...found, config: loaded.config, address: running ?? addressOf(loaded.config.server) };
  }
  const problems = loaded.problems.map((problem) => formatProblem(location.path, problem));
  return {
    ok: false,
    message: [...problems, 'Nothing was written; correct the config and run again.'].join('\n'),
  };
}
