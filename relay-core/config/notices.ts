import type { ConfigFile } from '../contracts/config.ts';
import { type ConfigPath, type Finding, isMap } from './config-path.ts';

type SettingNotice = {
  /** Dotted paths; `*` stands for every entry of a list. */
  readonly settings: readonly string[];
  /** Values that ask for nothing the relay does not do anyway. */
  readonly unless: readonly unknown[];
  readonly message: string;
};

/** Settings that are accepted but change nothing: delete a row when its setting becomes real. */
const settingNotices: readonly SettingNotice[] = [
  {
    settings: ['routing.failover_timeout'],
    unless: [],
    message: 'has no effect: providers are tried one after the other, never raced; see routing.patience_ms',
  },
  {
    settings: ['server.enable_http2'],
    unless: [false],
    message: 'has no effect: the relay speaks HTTP/1.1 to Claude Code',
  },
  { settings: ['cache'], unless: [], message: 'has no effect: the relay keeps no cache' },
  { settings: ['grpc'], unless: [], message: 'has no effect: the relay has no gRPC interface' },
  { settings: ['metrics'], unless: [], message: 'has no effect: this section is not used' },
  {
    settings: ['rpm_limit', 'tpm_limit', 'itpm_limit', 'otpm_limit', 'max_concurrent'].map(
      (limit) => `providers.*.keys.*.${limit}`,
    ),
    unless: [0],
    message: 'key limits are not enforced by this version yet',
  },
  {
    settings: ['providers.*.keys.*.weight', 'providers.*.weight'],
    unless: [0],
    message: 'weights are not used by this version yet',
  },
  {
    settings: ['providers.*.pooling'],
    unless: [],
    message: 'is not used by this version yet: keys are tried in the order written',
  },
  {
    settings: ['server.max_concurrent', 'providers.*.max_concurrent'],
    unless: [0],
    message: 'limits on simultaneous requests are not enforced by this version yet',
  },
  {
    settings: ['routing.strategy'],
    unless: ['failover'],
    message: 'this version routes by failover only: highest priority first',
  },
  {
    settings: ['routing.affinity'],
    unless: ['none'],
    message: 'sessions are not kept on one provider by this version yet',
  },
  { settings: ['routing.queue_timeout_ms'], unless: [], message: 'this version does not queue requests yet' },
  {
    settings: ['routing.model_mapping', 'routing.default_provider'],
    unless: [],
    message: 'routing by model is not done by this version yet',
  },
  { settings: ['logging.debug_options'], unless: [], message: 'is not used by this version yet' },
  {
    settings: ['health.health_check'],
    unless: [],
    message: 'this version makes no health checks of its own yet',
  },
];

/** One notice for each kind of setting in the file that this version accepts without effect. */
export function settingsWithoutEffect(file: ConfigFile): readonly Finding[] {
  return settingNotices.flatMap(({ settings, unless, message }) => {
    const places = settings.flatMap((setting) => placesOf(file, setting.split('.'), []));
    const first = places.find(({ value }) => value !== undefined && !unless.includes(value));
    return first === undefined ? [] : [{ path: first.path, target: 'key', message }];
  });
}

function placesOf(
  value: unknown,
  pattern: readonly string[],
  path: ConfigPath,
): readonly { readonly path: ConfigPath; readonly value: unknown }[] {
  const [segment, ...rest] = pattern;
  if (segment === undefined) return [{ path, value }];
  if (segment === '*') {
    return Array.isArray(value) ? value.flatMap((item, index) => placesOf(item, rest, [...path, index])) : [];
  }
  return isMap(value) ? placesOf(value[segment], rest, [...path, segment]) : [];
}
