import type { Config, ConfigProblem } from '../../config/config.ts';
import type { ConfigLocation } from '../../config/locate-config.ts';
import type { RelayStatus } from '../relay-status.ts';
import type { DoctorQuestion } from './question.ts';
import type { Layer } from './settings-layers.ts';

/** The config that `serve` would load; `missing` = there is none yet and the built-in default applies. */
export type ConfigState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly location: ConfigLocation; readonly lines: readonly string[] }
  | {
      readonly kind: 'valid';
      readonly location: ConfigLocation;
      readonly config: Config;
      readonly notices: readonly ConfigProblem[];
    };

/** What was read before anything is judged. */
export type Findings = {
  readonly question: DoctorQuestion;
  readonly layers: readonly Layer[];
  readonly status: RelayStatus;
  readonly configState: ConfigState;
  /** Where the relay listens, or will. */
  readonly relayAddress: string;
};
