import { findHeader, type HeaderList } from '../../messages/header-list.ts';
import { findTopLevelField } from '../../messages/top-level-field.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyStreamError } from '../anthropic/classify-failure.ts';
import { anthropicModels } from '../anthropic/models.data.ts';
import { createDialect } from '../cloud/capabilities.ts';
import { cloudHeaders, hasOwnCredential, probeHeaders } from '../cloud/cloud-headers.ts';
import type { CloudParts } from '../cloud/cloud-parts.ts';
import { editBody } from '../cloud/edit-body.ts';
import { TokenCache } from '../cloud/token-cache.ts';
import { translateVendorError } from '../cloud/vendor-error.ts';
import {
  CredentialError,
  type Destination,
  type MessagesCall,
  type ProviderAdapter,
  type UpstreamRequest,
} from '../provider.ts';
import { type RemedyContext, remedyFor } from '../remedies.ts';
import { vertexCapabilities, vertexCountCapabilities } from './capabilities.data.ts';
import { classifyFailure } from './classify-failure.ts';
import { credentialRemedy, fetchGoogleToken } from './google-token.ts';
import { vertexModelId } from './vertex-model-id.ts';
import { pathPart, type VertexPlace, vertexPlace } from './vertex-place.ts';

const tokenWaitMs = 5_000;

const dialect = createDialect(vertexCapabilities);
const countDialect = createDialect(vertexCountCapabilities);

/** The version that the client spoke, where it has a name on Vertex: the older one is called differently there. */
const bodyVersion = (headers: HeaderList): string => {
  const version = findHeader(headers, 'anthropic-version') ?? '2023-06-01';
  return version === '2023-06-01' ? 'vertex-2023-10-16' : version;
};

const isStream = ({ body }: MessagesCall): boolean => {
  const field = findTopLevelField(body, 'stream');
  return field.kind === 'found' && body.toString('latin1', field.start, field.end) === 'true';
};

/** What the user mapped a model to is meant as written. */
const modelFor = (call: MessagesCall, { model }: Destination): string =>
  model === call.field.model ? vertexModelId(model) : model;

type KnownPlace = Extract<VertexPlace, { kind: 'known' }>;
type Building = { readonly place: KnownPlace; readonly credential: HeaderList };

const buildMessages = (
  call: MessagesCall,
  destination: Destination,
  { place, credential }: Building,
): UpstreamRequest => {
  const method = isStream(call) ? 'streamRawPredict' : 'rawPredict';
  return {
    method: 'POST',
    origin: place.origin,
    path: `${place.path}/publishers/anthropic/models/${pathPart(modelFor(call, destination))}:${method}`,
    headers: cloudHeaders(call, destination, { betas: dialect.betas(call.headers), credential }),
    body: editBody(call.body, {
      droppedFields: dialect.droppedFields,
      model: undefined,
      added: [['anthropic_version', bodyVersion(call.headers)]],
    }),
  };
};

const buildCount = (
  call: MessagesCall,
  destination: Destination,
  { place, credential }: Building,
): UpstreamRequest => ({
  method: 'POST',
  origin: place.origin,
  path: `${place.path}/publishers/anthropic/models/count-tokens:rawPredict`,
  headers: cloudHeaders(call, destination, { betas: countDialect.betas(call.headers), credential }),
  body: editBody(call.body, {
    droppedFields: countDialect.droppedFields,
    model: modelFor(call, destination),
    added: [['anthropic_version', bodyVersion(call.headers)]],
  }),
});

/** The region itself: free, there for everybody, and closed without a token. */
const buildProbe = (destination: Destination, { place, credential }: Building): UpstreamRequest => ({
  method: 'GET',
  origin: place.origin,
  path: place.path,
  headers: probeHeaders(destination, credential),
  body: undefined,
});

const readCount = (body: Buffer): number | undefined => {
  const field = findTopLevelField(body, 'input_tokens');
  const tokens =
    field.kind === 'found' ? Number(body.toString('latin1', field.start, field.end)) : Number.NaN;
  return Number.isInteger(tokens) ? tokens : undefined;
};

const remedies = (place: VertexPlace) => (failure: AttemptFailure, context: RemedyContext) => {
  switch (failure.kind) {
    case 'unauthorized':
      return credentialRemedy;
    case 'forbidden':
      return 'the account needs the role Vertex AI User in this project, and the model must be enabled in the Model Garden';
    case 'model-not-found': {
      const region = place.kind === 'known' ? place.region : '';
      return `"${context.model}" is not served in ${region}: enable it in the Model Garden, or correct gcp_region or model_mapping`;
    }
    // Says itself what to do where it is about credentials.
    case 'unreachable':
      return undefined;
    default:
      return remedyFor(failure, context);
  }
};

/** Claude on Google's Vertex AI: the model in the path, the version in the body, Google's tokens. */
export const createVertexAdapter = (parts: CloudParts): ProviderAdapter => {
  const place = vertexPlace(parts.config, parts.env);
  const tokens = new TokenCache({
    clock: parts.clock,
    waitMs: tokenWaitMs,
    name: 'Google credentials',
    fetchToken: () => fetchGoogleToken(parts),
  });
  const withToken = (
    destination: Destination,
    build: (building: Building) => UpstreamRequest,
  ): UpstreamRequest | Promise<UpstreamRequest> => {
    if (place.kind === 'incomplete') return Promise.reject(new CredentialError(place.reason));
    if (hasOwnCredential(destination, ['authorization'])) return build({ place, credential: [] });
    const finish = (token: string) => build({ place, credential: ['authorization', `Bearer ${token}`] });
    const token = tokens.get();
    return typeof token === 'string' ? finish(token) : token.then(finish);
  };
  return {
    address: place,
    buildRequest: (call, destination) =>
      withToken(destination, (building) => buildMessages(call, destination, building)),
    buildProbe: (destination) => withToken(destination, (building) => buildProbe(destination, building)),
    countTokens: {
      buildRequest: (call, destination) =>
        withToken(destination, (building) => buildCount(call, destination, building)),
      read: readCount,
    },
    renewCredentials: () => tokens.renew(),
    translateFailure: (answer) => translateVendorError(answer, 'Vertex AI'),
    classifyFailure,
    classifyStreamError,
    remedyFor: remedies(place),
    models: anthropicModels,
  };
};
