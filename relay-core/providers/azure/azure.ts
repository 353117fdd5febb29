import type { UpstreamConfig } from '../../config/config.ts';
import type { HeaderList } from '../../messages/header-list.ts';
import type { AttemptFailure } from '../../resilience/attempt-failure.ts';
import { classifyStreamError } from '../anthropic/classify-failure.ts';
import { anthropicModels } from '../anthropic/models.data.ts';
import { createDialect } from '../cloud/capabilities.ts';
import { cloudHeaders, hasOwnCredential, probeHeaders } from '../cloud/cloud-headers.ts';
import { editBody } from '../cloud/edit-body.ts';
import { TokenCache } from '../cloud/token-cache.ts';
import { translateVendorError } from '../cloud/vendor-error.ts';
import {
  type AdapterFactory,
  type AdapterParts,
  CredentialError,
  type Destination,
  type MessagesCall,
  type ProviderAdapter,
  type UpstreamRequest,
} from '../provider.ts';
import { type RemedyContext, remedyFor } from '../remedies.ts';
import { azureCapabilities } from './capabilities.data.ts';
import { classifyFailure } from './classify-failure.ts';
import { type EntraLibrary, entraRemedy, fetchEntraToken, loadEntraLibrary } from './entra-token.ts';

/** The Azure CLI alone may take seconds. */
const tokenWaitMs = 10_000;

const dialect = createDialect(azureCapabilities);

/** Where an entry's requests go, or what the configuration lacks. */
type AzurePlace =
  | { readonly kind: 'known'; readonly origin: string; readonly basePath: string }
  | { readonly kind: 'incomplete'; readonly reason: string };

/** Scheme and host of a resource. */
const azureOrigin = (resourceName: string): string => `https://${resourceName}.services.ai.azure.com`;

const azurePlace = ({ baseUrl, cloud }: UpstreamConfig): AzurePlace => {
  const { azureResourceName } = cloud;
  const address = baseUrl === '' && azureResourceName ? azureOrigin(azureResourceName) : baseUrl;
  const url = URL.parse(address);
  if (url === null)
    return { kind: 'incomplete', reason: 'the Azure resource is not known: set azure_resource_name' };
  // Claude Code's own variable for this address ends in /anthropic.
  const path = url.pathname.replace(/\/+$/, '').replace(/\/anthropic$/, '');
  return { kind: 'known', origin: url.origin, basePath: `${path}/anthropic` };
};

const dated = /^(claude-.+)-\d{8}$/;

/** The deployment to ask for: the configured one, what the user mapped the model to, or Foundry's name for it. */
const deploymentFor = (
  call: MessagesCall,
  { model }: Destination,
  deploymentId: string | undefined,
): string => {
  if (deploymentId) return deploymentId;
  // Deployments are named after the model without its date unless the user says otherwise (protocol.md 2.5).
  return model === call.field.model ? (dated.exec(model)?.[1] ?? model) : model;
};

const keyHeaders = (destination: Destination, key: string): HeaderList =>
  destination.auth === 'bearer' ? ['authorization', `Bearer ${key}`] : ['x-api-key', key];

type KnownPlace = Extract<AzurePlace, { kind: 'known' }>;
type Building = { readonly place: KnownPlace; readonly credential: HeaderList };

const buildProbe = (destination: Destination, { place, credential }: Building): UpstreamRequest => ({
  method: 'GET',
  origin: place.origin,
  path: `${place.basePath}/v1/models?limit=1`,
  headers: probeHeaders(destination, ['anthropic-version', '2023-06-01', ...credential]),
  body: undefined,
});

const remedies = (config: UpstreamConfig) => (failure: AttemptFailure, context: RemedyContext) => {
  const hasKey = config.keys.length > 0;
  switch (failure.kind) {
    case 'unauthorized':
      return hasKey
        ? 'check the key: it must be one of this very resource (azure_resource_name), from Keys and Endpoint'
        : entraRemedy;
    case 'forbidden':
      return "the identity needs the role 'Cognitive Services User' on the resource";
    case 'model-not-found': {
      const { azureDeploymentId } = config.cloud;
      return `no deployment "${azureDeploymentId || context.model}" there: deploy the model in Azure AI Foundry, or correct azure_deployment_id or model_mapping`;
    }
    case 'unreachable':
      // Without a key it may be the token that is missing, and says so itself.
      return hasKey ? 'check that azure_resource_name is right and can be reached' : undefined;
    default:
      return remedyFor(failure, context);
  }
};

/** What the dialect is made from; a test hands in its own Entra library. */
export type AzureParts = AdapterParts & { readonly loadEntra?: () => Promise<EntraLibrary> };

/** Claude in Azure AI Foundry: Anthropic's format under a path of its own, deployments in place of models. */
export const createAzureAdapter = ((parts: AzureParts): ProviderAdapter => {
  const { config, clock, loadEntra = loadEntraLibrary } = parts;
  const place = azurePlace(config);
  const tokens = new TokenCache({
    clock,
    waitMs: tokenWaitMs,
    name: 'Azure credentials',
    fetchToken: () => fetchEntraToken(loadEntra, config.proxyUrl),
  });
  const withCredential = (
    destination: Destination,
    build: (building: Building) => UpstreamRequest,
  ): UpstreamRequest | Promise<UpstreamRequest> => {
    if (place.kind === 'incomplete') return Promise.reject(new CredentialError(place.reason));
    if (hasOwnCredential(destination, ['x-api-key', 'api-key', 'authorization']))
      return build({ place, credential: [] });
    const { keyMaterial } = destination;
    if (keyMaterial !== undefined) return build({ place, credential: keyHeaders(destination, keyMaterial) });
    // Entra stands in for a missing key, not for one that nobody handed in.
    if (config.keys.length > 0) return build({ place, credential: [] });
    const finish = (token: string) => build({ place, credential: ['authorization', `Bearer ${token}`] });
    const token = tokens.get();
    return typeof token === 'string' ? finish(token) : token.then(finish);
  };
  const buildMessages = (call: MessagesCall, destination: Destination, building: Building) => ({
    method: 'POST' as const,
    origin: building.place.origin,
    path: building.place.basePath + call.path,
    headers: cloudHeaders(call, destination, {
      betas: dialect.betas(call.headers),
      credential: building.credential,
    }),
    body: editBody(call.body, {
      droppedFields: dialect.droppedFields,
      model: deploymentFor(call, destination, config.cloud.azureDeploymentId),
      added: [],
    }),
  });
  return {
    address: place,
    buildRequest: (call, destination) =>
      withCredential(destination, (building) => buildMessages(call, destination, building)),
    buildProbe: (destination) => withCredential(destination, (building) => buildProbe(destination, building)),
    // A key stays what it is.
    renewCredentials: () => (config.keys.length > 0 ? Promise.resolve(false) : tokens.renew()),
    translateFailure: (answer) => translateVendorError(answer, 'Azure AI Foundry'),
    classifyFailure,
    classifyStreamError,
    remedyFor: remedies(config),
    models: anthropicModels,
  };
}) satisfies AdapterFactory;
