import { readFileSync } from 'node:fs';
import type { CloudSettings, UpstreamConfig } from '../../../../relay-core/config/config.ts';
import type { HeaderList } from '../../../../relay-core/messages/header-list.ts';
import { readModelField } from '../../../../relay-core/messages/model-field.ts';
import type { Destination, MessagesCall } from '../../../../relay-core/providers/provider.ts';

/** A request as a client sent it. */
export type Recorded = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: Record<string, unknown>;
};

const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url), 'utf8'));

const officialFile = (name: string) =>
  readJson(`official-sdk-requests/${name}.json`) as { requests: Recorded[] };

/** What an official client sent. */
export const officialRequest = (name: string): Recorded => {
  const [request] = officialFile(name).requests;
  if (request === undefined) throw new Error(`${name} holds no request`);
  return request;
};

/** What Claude Code sent. */
export const claudeCodeRequest = (name: string): Recorded =>
  readJson(`claude-code-requests/${name}.json`) as Recorded;

/** Every Messages request of Claude Code's that speaks Anthropic's own dialect. */
export const ownDialectNames: readonly string[] = [
  'p-disable-experimental-betas',
  'p-glm',
  'p-haiku45',
  'p-nonstreaming-fallback',
  'p-oauth-sonnet55',
  'p-opus46-1m',
  'p-opus55-apikey',
  'p-opus55-token',
  'p-resume-after-cut',
  'p-subagent',
  'p-thinking-tool-turn-2',
  'p-tool-turn-2',
  'p-use-gateway',
  'tui-main-auto-mode',
  'tui-quota-probe-oauth',
  'tui-title',
];

/** The client's request as the pipeline hands it to a dialect. */
export const callOf = ({
  url,
  rawHeaders,
  body,
}: Pick<Recorded, 'url' | 'rawHeaders' | 'body'>): MessagesCall =>
  callOfBytes(Buffer.from(JSON.stringify(body)), { path: url, headers: rawHeaders });

/** The same for bytes as they are. */
export const callOfBytes = (
  bytes: Buffer,
  { path = '/v1/messages', headers = [] }: { path?: string; headers?: HeaderList } = {},
): MessagesCall => {
  const read = readModelField(bytes);
  if (!read.ok) throw new Error(read.reason);
  return { path, headers, body: bytes, field: read.field, parsed: () => JSON.parse(bytes.toString()) };
};

/** The place as the pipeline describes it, for a call. */
export const destinationOf = (call: MessagesCall, more: Partial<Destination> = {}): Destination => ({
  origin: 'http://unused.invalid',
  basePath: '',
  auth: 'x-api-key',
  headers: [],
  model: call.field.model,
  credential: { kind: 'none' },
  keyMaterial: undefined,
  ...more,
});

const noCloud: CloudSettings = {
  awsRegion: undefined,
  awsAccessKeyId: undefined,
  awsSecretAccessKey: undefined,
  awsSessionToken: undefined,
  awsProfile: undefined,
  azureResourceName: undefined,
  azureApiVersion: undefined,
  azureDeploymentId: undefined,
  gcpProjectId: undefined,
  gcpRegion: undefined,
};

/** An entry of the configuration. */
export const configOf = (
  cloud: Partial<CloudSettings>,
  more: Partial<UpstreamConfig> = {},
): UpstreamConfig => ({
  name: 'cloud',
  type: 'vertex',
  baseUrl: '',
  auth: 'x-api-key',
  headers: [],
  proxyUrl: undefined,
  passThrough: 'never',
  priority: 0,
  weight: 1,
  maxConcurrent: 0,
  timeouts: { connectMs: 1000, firstByteMs: undefined, idleMs: 1000 },
  keys: [],
  keyStrategy: 'least_loaded',
  models: undefined,
  modelMapping: new Map(),
  cloud: { ...noCloud, ...cloud },
  outOfService: undefined,
  ...more,
});

/** The values of a comma-separated header, in order. */
export const listIn = (headers: HeaderList, name: string): readonly string[] =>
  headers.flatMap((each, at) =>
    at % 2 === 0 && each.toLowerCase() === name ? (headers[at + 1] ?? '').split(',') : [],
  );

/** Every path in a JSON value: `messages[].content[].type=text`; texts of prompts and tools' inputs left out. */
export const pathsIn = (value: unknown, at = ''): ReadonlySet<string> => {
  if (Array.isArray(value)) return new Set(value.flatMap((item) => [...pathsIn(item, `${at}[]`)]));
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(
    Object.entries(value).flatMap(([name, inner]) => {
      const path = at === '' ? name : `${at}.${name}`;
      if (/input_schema|content\[\]\.input|classifier_context|format\.schema/.test(path)) return [path];
      const tagged = typeof inner === 'string' && /^(type|role|ttl|display)$/.test(name);
      return [path, ...(tagged ? [`${path}=${inner}`] : []), ...pathsIn(inner, path)];
    }),
  );
};
