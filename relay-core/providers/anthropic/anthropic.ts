import { dropHeaders, type HeaderList } from '../../messages/header-list.ts';
import { replaceModel } from '../../messages/model-field.ts';
import { forwardedHeaders } from '../forwarded-headers.ts';
import type { Destination, MessagesCall, ProviderAdapter, UpstreamRequest } from '../provider.ts';
import { classifyFailure, classifyStreamError } from './classify-failure.ts';
import { anthropicModels } from './models.data.ts';

const credentialHeaders = (destination: Destination): HeaderList => {
  const { credential, keyMaterial } = destination;
  if (credential.kind === 'pass-through') return credential.headers;
  if (keyMaterial === undefined) return [];
  return destination.auth === 'bearer'
    ? ['authorization', `Bearer ${keyMaterial}`]
    : ['x-api-key', keyMaterial];
};

const noNames: ReadonlySet<string> = new Set();

/** A request in Anthropic's own format: bytes as they came but for credential and mapped model. */
export const buildRequest = (call: MessagesCall, destination: Destination): UpstreamRequest => {
  const { headers } = destination;
  const replaced = headers.length === 0 ? noNames : new Set(headers.map(([name]) => name.toLowerCase()));
  return {
    method: 'POST',
    origin: destination.origin,
    path: destination.basePath + call.path,
    headers: [
      ...forwardedHeaders(call.headers, replaced),
      // A credential among the entry's own headers stands in for the key.
      ...dropHeaders(credentialHeaders(destination), (name) => replaced.has(name)),
      ...destination.headers.flat(),
    ],
    body:
      destination.model === call.field.model
        ? call.body
        : replaceModel(call.body, call.field, destination.model),
  };
};

const apiVersion = ['anthropic-version', '2023-06-01'];

/** Listing one model is free and wants the same credential as messages do. */
export const buildProbe = (destination: Destination): UpstreamRequest => {
  const { headers } = destination;
  const replaced = new Set(headers.map(([name]) => name.toLowerCase()));
  return {
    method: 'GET',
    origin: destination.origin,
    path: `${destination.basePath}/v1/models?limit=1`,
    headers: [
      ...dropHeaders([...apiVersion, ...credentialHeaders(destination)], (name) => replaced.has(name)),
      ...headers.flat(),
    ],
    body: undefined,
  };
};

/** Anthropic's own API and every vendor that speaks its format: nothing changes but credential and mapped model. */
export const anthropicAdapter: ProviderAdapter = {
  buildRequest,
  buildProbe,
  classifyFailure,
  classifyStreamError,
  models: anthropicModels,
};
