import type { UpstreamConfig } from '../../config/config.ts';
import { findHeader } from '../../messages/header-list.ts';
import type { Clock, Environment } from '../../ports.ts';
import type { Destination, UpstreamRequest } from '../provider.ts';
import { AwsCredentials } from './aws-credentials.ts';
import { configuredSource, findSource, type LoadIdentity } from './credential-sources.ts';
import { signRequest } from './sign-request.ts';

/** What the documentation's examples put under `keys` so that there is one: no key of AWS's. */
const placeholderKey = 'bedrock-internal';

/** What authorizing takes. */
export type AuthorizerParts = {
  readonly config: UpstreamConfig;
  readonly env: Environment;
  readonly clock: Clock;
  readonly region: string;
  readonly load: LoadIdentity;
};

/** Gives requests to Bedrock their credential: a Bedrock API key as a bearer, else an AWS signature. */
export class Authorizer {
  readonly #parts: AuthorizerParts;
  readonly #credentials: AwsCredentials;

  constructor(parts: AuthorizerParts) {
    this.#parts = parts;
    const { config, env, region, clock, load } = parts;
    this.#credentials = new AwsCredentials({ source: findSource(config.cloud, env), region, clock, load });
  }

  /** The request with its credential. Rejects with a CredentialError when there is none. */
  async authorize(request: UpstreamRequest, destination: Destination): Promise<UpstreamRequest> {
    // A credential among the entry's own headers stands in for all others.
    if (findHeader(request.headers, 'authorization') !== undefined) return request;
    const key = this.#bearer(destination);
    const added = key === undefined ? await this.#signature(request) : ['authorization', `Bearer ${key}`];
    return { ...request, headers: [...request.headers, ...added] };
  }

  /** See ProviderAdapter.renewCredentials: a bearer is as it is written. */
  renew(): Promise<boolean> {
    return this.#environmentBearer() === undefined ? this.#credentials.renew() : Promise.resolve(false);
  }

  /** The entry's own word goes before the environment's. */
  #bearer({ credential, keyMaterial }: Destination): string | undefined {
    if (credential.kind === 'key' && keyMaterial !== undefined && keyMaterial !== placeholderKey)
      return keyMaterial;
    return this.#environmentBearer();
  }

  #environmentBearer(): string | undefined {
    const { config, env } = this.#parts;
    if (configuredSource(config.cloud) !== undefined) return undefined;
    return env.AWS_BEARER_TOKEN_BEDROCK || undefined;
  }

  async #signature({ method, origin, path, headers, body }: UpstreamRequest): Promise<readonly string[]> {
    const { region, clock } = this.#parts;
    const identity = await this.#credentials.get();
    return signRequest(
      { method, host: new URL(origin).host, path, headers: signedHeaders(headers), body },
      identity,
      { service: 'bedrock', region, nowMs: clock.now() },
    );
  }
}

/** Signature Version 4 wants these under the signature; others may be changed on the way. */
const isSigned = /^(?:content-type$|x-amz-)/;

const signedHeaders = (headers: readonly string[]): Readonly<Record<string, string>> => {
  const signed: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase() ?? '';
    if (isSigned.test(name)) signed.push([name, headers[at + 1] ?? '']);
  }
  return Object.fromEntries(signed);
};
