import { readFileSync } from 'node:fs';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { CloudSettings, UpstreamConfig } from '../../../../relay-core/config/config.ts';
import { createBedrockAdapter } from '../../../../relay-core/providers/bedrock/bedrock.ts';
import type { LoadIdentity } from '../../../../relay-core/providers/bedrock/credential-sources.ts';
import type { Destination, MessagesCall } from '../../../../relay-core/providers/provider.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** The fake credentials of the captured requests. */
export const dummyAccessKeyId = 'AKIADUMMYDUMMYDUMMY1';
export const dummySecret = 'dummySecretKeyDummySecretKeyDummySecret0';

const noCloud: CloudSettings = {
  awsRegion: 'us-west-2',
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

const withKeys = { awsAccessKeyId: dummyAccessKeyId, awsSecretAccessKey: dummySecret };

export const bedrockConfig = (cloud: Partial<CloudSettings>, baseUrl = ''): UpstreamConfig => ({
  ...{ name: 'aws', type: 'bedrock', baseUrl, auth: 'x-api-key', headers: [], proxyUrl: undefined },
  ...{
    passThrough: 'never',
    priority: 1,
    weight: 1,
    maxConcurrent: 0,
    keys: [],
    keyStrategy: 'least_loaded',
  },
  ...{ timeouts: { connectMs: 1, firstByteMs: undefined, idleMs: 1 }, models: undefined },
  ...{ modelMapping: new Map(), outOfService: undefined },
  cloud: { ...noCloud, ...cloud },
});

type Setting = {
  readonly cloud?: Partial<CloudSettings>;
  readonly baseUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly load?: LoadIdentity;
  readonly nowMs?: number;
};

const nothingToLoad: LoadIdentity = () => Promise.reject(new Error('nothing to load'));

/** An adapter that signs with the fake credentials unless told otherwise, and its clock. */
export const openBedrockWithClock = (setting: Setting = {}) => {
  const { cloud = withKeys, baseUrl = '', env = {}, load = nothingToLoad, nowMs } = setting;
  const clock = new FakeClock();
  if (nowMs !== undefined) clock.advance(nowMs - clock.now());
  const adapter = createBedrockAdapter({ config: bedrockConfig(cloud, baseUrl), env, clock }, load);
  return { adapter, clock };
};

/** The same without its clock. */
export const openBedrock = (setting: Setting = {}) => openBedrockWithClock(setting).adapter;

export const destination = (model: string, more: Partial<Destination> = {}): Destination => ({
  ...{ origin: '', basePath: '', auth: 'x-api-key', headers: [], model },
  ...{ credential: { kind: 'none' }, keyMaterial: undefined },
  ...more,
});

/** A client's request as the engine hands it to an adapter. */
export const callOf = (body: object, headers: readonly string[] = []): MessagesCall => {
  const model = 'model' in body && typeof body.model === 'string' ? body.model : '';
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    path: '/v1/messages?beta=true',
    headers,
    body: bytes,
    field: { model, start: 0, end: 0 },
    parsed: () => JSON.parse(bytes.toString('utf8')),
  };
};

type Captured = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
};

const readFixture = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/${path}.json`, import.meta.url), 'utf8'));

/** The first request that an official client sent. */
export const sdkRequest = (name: string): Captured => {
  const { requests } = readFixture(`official-sdk-requests/${name}`) as { requests: [Captured] };
  return requests[0];
};

/** A request of Claude Code. */
export const claudeCodeRequest = (name: string): Captured =>
  readFixture(`claude-code-requests/${name}`) as Captured;

type GatewayError = {
  readonly gw: string;
  readonly name: string;
  readonly mode: { status: number; body: object; headers: Readonly<Record<string, string>> };
};

/** How Bedrock fails, as the official gateway was shown it. */
export const gatewayErrors = (): readonly GatewayError[] =>
  (readFixture('official-gateway/gw-errors') as GatewayError[]).filter(({ gw }) => gw === 'bedrock');

/** The model ids that the official gateway sends. */
export const gatewayModels = (): Readonly<Record<string, { readonly bedrock: string }>> =>
  readFixture('official-gateway/gw-model-map') as Record<string, { bedrock: string }>;

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text, 'utf8'),
);

/** A frame with string headers. */
export const frame = (headers: Readonly<Record<string, string>>, payload = ''): Buffer =>
  Buffer.from(
    codec.encode({
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }]),
      ),
      body: Buffer.from(payload),
    }),
  );

/** A data frame with one event of Anthropic's inside. */
export const chunkFrame = (json: string): Buffer =>
  frame(
    { ':message-type': 'event', ':event-type': 'chunk', ':content-type': 'application/json' },
    JSON.stringify({ bytes: Buffer.from(json).toString('base64'), p: 'abcdefgh' }),
  );

/** A frame that tells of a failure. */
export const exceptionFrame = (type: string, message: string): Buffer =>
  frame(
    { ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' },
    JSON.stringify({ message }),
  );
