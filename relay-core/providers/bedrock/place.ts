import type { UpstreamConfig } from '../../config/config.ts';
import type { Environment } from '../../ports.ts';
import type { Destination } from '../provider.ts';

const hostOfRegion = /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com$/;

/** The region to ask and to sign for: the entry's, the one in its address, the environment's; undefined = unknown. */
export const regionOf = ({ cloud, baseUrl }: UpstreamConfig, env: Environment): string | undefined =>
  cloud.awsRegion ||
  hostOfRegion.exec(URL.parse(baseUrl)?.hostname ?? '')?.[1] ||
  env.AWS_REGION ||
  env.AWS_DEFAULT_REGION ||
  undefined;

/** Where Bedrock answers in a region; `base_url` takes its place. */
export const bedrockOrigin = (region: string): string => `https://bedrock-runtime.${region}.amazonaws.com`;

/** What stands before an operation's path. */
export type Place = { readonly origin: string; readonly basePath: string };

/** Where one request goes: the entry's own address, else the region's. */
export const placeOf = (config: UpstreamConfig, region: string, { origin, basePath }: Destination): Place =>
  config.baseUrl === '' ? { origin: bedrockOrigin(region), basePath: '' } : { origin, basePath };

/** The path of an operation on a model: `/` of an ARN encoded, `:` as it is, like the official client's. */
export const modelPath = (modelId: string, operation: string): string =>
  `/model/${encodeURIComponent(modelId).replaceAll('%3A', ':')}/${operation}`;
