import type { ConfigFile } from '../contracts/config.ts';
import { type Finding, valueAt } from './config-path.ts';

type SettingNotice = {
  /** A dotted path. */
  readonly setting: string;
  /** Values that ask for nothing the relay does not do anyway. */
  readonly unless: readonly unknown[];
  readonly message: string;
};

/** Settings that are accepted but change nothing: delete a row when its setting becomes real. */
const settingNotices: readonly SettingNotice[] = [
  {
    setting: 'routing.failover_timeout',
    unless: [],
    message: 'has no effect: providers are tried one after the other, never raced; see routing.patience_ms',
  },
  {
    setting: 'server.enable_http2',
    unless: [false],
    message: 'has no effect: the relay speaks HTTP/1.1 to Claude Code',
  },
  { setting: 'cache', unless: [], message: 'has no effect: the relay keeps no cache' },
  { setting: 'grpc', unless: [], message: 'has no effect: the relay has no gRPC interface' },
  { setting: 'metrics', unless: [], message: 'has no effect: this section is not used' },
  { setting: 'logging.file', unless: [], message: 'has no effect: write the path to logging.output' },
  {
    setting: 'health.check_interval_seconds',
    unless: [],
    message: 'is an older name without effect: write health.health_check.interval_ms',
  },
  {
    setting: 'health.recovery_timeout_seconds',
    unless: [],
    message: 'is an older name without effect: write health.circuit_breaker.open_duration_ms',
  },
  {
    setting: 'health.triggers',
    unless: [],
    message: 'is an older section without effect: rate limits, timeouts and server errors always count',
  },
  {
    setting: 'health.failover',
    unless: [],
    message: 'is an older section without effect: see routing.strategy and the priority of each provider',
  },
  { setting: 'logging.debug_options', unless: [], message: 'is not used by this version yet' },
];

/** One notice for each setting in the file that this version accepts without effect. */
export function settingsWithoutEffect(file: ConfigFile): readonly Finding[] {
  return settingNotices.flatMap(({ setting, unless, message }) => {
    const path = setting.split('.');
    const value = valueAt(file, path);
    return value === undefined || unless.includes(value) ? [] : [{ path, target: 'key', message }];
  });
}
