import type { ConfigResult } from '../../config/config.ts';
import type { Environment } from '../../ports.ts';
import type { AskHealth } from '../relay-health.ts';
import type { SettingsLocation } from '../settings-path.ts';

/** The `claude` program that a shell would start; `version` undefined = it did not say in time. */
export type ClaudeProgram = { readonly path: string; readonly version: string | undefined };

/** Whom to examine, and the doctor's own instruments. */
export type DoctorQuestion = {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
  readonly workingFolder: string;
  /** The root of the file system: `/etc`, `/Library`, `/mnt` and `/proc` are looked for in it. */
  readonly systemFolder: string;
  readonly dataFolder: string;
  readonly configFlag: string | undefined;
  readonly settings: SettingsLocation;
  readonly askHealth: AskHealth;
  /** Reads a config file with what the key chain holds for it. */
  loadConfig(path: string): Promise<ConfigResult>;
  findClaude(): Promise<ClaudeProgram | undefined>;
};
