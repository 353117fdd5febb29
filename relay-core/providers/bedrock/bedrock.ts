import { findHeader, type HeaderList } from '../../messages/header-list.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyStreamError } from '../anthropic/classify-failure.ts';
import { anthropicModels } from '../anthropic/models.data.ts';
import {
  type AdapterParts,
  CredentialError,
  type Destination,
  type FailedAnswer,
  type MessagesCall,
  type ProviderAdapter,
  type ReplyHead,
  type UpstreamRequest,
} from '../provider.ts';
import { type RemedyContext, remedyFor as usualRemedy } from '../remedies.ts';
import { Authorizer } from './authorize.ts';
import { classifyFailure, isInvalidBeta, translateFailure } from './classify-failure.ts';
import { readClaudeVersion } from './claude-version.ts';
import { readInputTokens, toCountBody } from './count-body.ts';
import { type LoadIdentity, loadIdentity } from './credential-sources.ts';
import { EventStreamDecoder } from './event-stream.ts';
import { type ChosenBetas, chooseBetas, noBetas, toInvokeBody, wantsStream } from './invoke-body.ts';
import { bedrockModelId, foundationModelId } from './model-id.ts';
import { bedrockOrigin, modelPath, placeOf, regionOf } from './place.ts';
import { requestHeaders } from './request-headers.ts';

/** Bedrock's dialect, which learns what it may not send. */
export type BedrockAdapter = ProviderAdapter & Required<Pick<ProviderAdapter, 'learnFrom'>>;

/** Amazon Bedrock's InvokeModel: Anthropic's body without `model`, signed, answered as an AWS event stream. */
export const createBedrockAdapter = (
  parts: AdapterParts,
  load: LoadIdentity = loadIdentity,
): BedrockAdapter => {
  const dialect = new BedrockDialect(parts, load);
  return {
    address: addressOf(parts),
    buildRequest: (call, destination) => dialect.buildRequest(call, destination),
    buildProbe: (destination) => dialect.buildProbe(destination),
    countTokens: {
      buildRequest: (call, destination) => dialect.buildCount(call, destination),
      read: readInputTokens,
    },
    decodeReply,
    classifyFailure,
    classifyStreamError,
    translateFailure,
    renewCredentials: () => dialect.renewCredentials(),
    learnFrom: (answer, model) => dialect.learnFrom(answer, model),
    models: anthropicModels,
    remedyFor,
  };
};

const addressOf = ({ config, env }: AdapterParts): NonNullable<ProviderAdapter['address']> => {
  const region = regionOf(config, env);
  if (region === undefined)
    return { kind: 'incomplete', reason: 'the AWS region is not known: set aws_region' };
  return { kind: 'known', origin: URL.parse(config.baseUrl)?.origin ?? bedrockOrigin(region) };
};

class BedrockDialect {
  readonly #parts: AdapterParts;
  readonly #region: string | undefined;
  readonly #authorizer: Authorizer;
  /** Models that refused a beta, and since when (monotonic): those get none. */
  readonly #withoutBetas = new Map<string, number>();

  constructor(parts: AdapterParts, load: LoadIdentity) {
    this.#parts = parts;
    this.#region = regionOf(parts.config, parts.env);
    this.#authorizer = new Authorizer({ ...parts, region: this.#region ?? '', load });
  }

  async buildRequest(call: MessagesCall, destination: Destination): Promise<UpstreamRequest> {
    const region = this.#knownRegion();
    const modelId = bedrockModelId(destination.model, region);
    const betas = this.#betasFor(call, modelId);
    const operation = wantsStream(call) ? 'invoke-with-response-stream' : 'invoke';
    const body = Buffer.from(JSON.stringify(toInvokeBody(call, betas)));
    return await this.#send(destination, {
      path: modelPath(modelId, operation),
      headers: requestHeaders(call.headers, betas.header, destination),
      body,
    });
  }

  /** Listing asynchronous invocations is free, has the same host, and wants the same credential. */
  async buildProbe(destination: Destination): Promise<UpstreamRequest> {
    const headers = requestHeaders([], [], destination);
    return await this.#send(destination, { path: '/async-invoke', headers, body: undefined });
  }

  renewCredentials(): Promise<boolean> {
    return this.#authorizer.renew();
  }

  learnFrom(answer: FailedAnswer, model: string): boolean {
    const modelId = bedrockModelId(model, this.#region ?? '');
    if (!isInvalidBeta(answer)) return false;
    const nowMs = this.#parts.clock.monotonic();
    const learntAt = this.#withoutBetas.get(modelId) ?? nowMs;
    this.#withoutBetas.set(modelId, learntAt);
    // Requests that were under way when the first one taught it may be built anew as well.
    return nowMs - learntAt < underWayMs;
  }

  async buildCount(call: MessagesCall, destination: Destination): Promise<UpstreamRequest> {
    const region = this.#knownRegion();
    const modelId =
      foundationModelId(destination.model) ??
      foundationModelId(call.field.model) ??
      bedrockModelId(destination.model, region);
    return await this.#send(destination, {
      path: modelPath(modelId, 'count-tokens'),
      headers: requestHeaders(call.headers, [], destination),
      body: toCountBody(call),
    });
  }

  #betasFor(call: MessagesCall, modelId: string): ChosenBetas {
    if (this.#withoutBetas.has(modelId)) return noBetas;
    // A profile's ARN may say nothing of the model behind it; the client's own name does.
    const version = readClaudeVersion(modelId) ?? readClaudeVersion(call.field.model);
    return chooseBetas(call.headers, version);
  }

  #send(destination: Destination, { path, headers, body }: Operation): Promise<UpstreamRequest> {
    const { origin, basePath } = placeOf(this.#parts.config, this.#knownRegion(), destination);
    const method = body === undefined ? 'GET' : 'POST';
    return this.#authorizer.authorize({ method, origin, path: basePath + path, headers, body }, destination);
  }

  #knownRegion(): string {
    if (this.#region === undefined) throw new CredentialError('no AWS region: set aws_region');
    return this.#region;
  }
}

const underWayMs = 30_000;

type Operation = {
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Buffer | undefined;
};

const decodeReply = (reply: ReplyHead): EventStreamDecoder | undefined => {
  const type = findHeader(reply.headers, 'content-type') ?? '';
  return eventStream.test(type) ? new EventStreamDecoder(reply.headers) : undefined;
};

const eventStream = /^application\/vnd\.amazon\.eventstream/i;

const remedyFor = (failure: AttemptFailure, context: RemedyContext): string | undefined => {
  switch (failure.kind) {
    case 'unauthorized':
      return 'AWS refused the credentials: check them with "aws sts get-caller-identity", and the clock of this machine';
    case 'forbidden':
      return `allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream for "${context.model}" in IAM, and its use in the Bedrock console`;
    case 'model-not-found':
      return `"${context.model}" is not offered in this region: correct aws_region or model_mapping (newer models need an inference profile such as us.anthropic.…)`;
    default:
      return usualRemedy(failure, context);
  }
};
