import { dropHeaders, type HeaderList } from '../../messages/header-list.ts';
import { forwardedHeaders } from '../forwarded-headers.ts';
import type { Destination } from '../provider.ts';

/** Said anew for Bedrock, whatever the client said. */
const saidAnew = ['accept', 'content-type', 'anthropic-beta'];
/** Whatever a client calls so would count as part of the signature. */
const ofAws = /^x-amz/i;

/** The headers of a request to Bedrock, but for its credential. */
export const requestHeaders = (
  client: HeaderList,
  betas: readonly string[],
  { headers }: Destination,
): HeaderList => {
  const configured = new Set(headers.map(([name]) => name.toLowerCase()));
  const own = [
    ...['accept', 'application/json', 'content-type', 'application/json'],
    ...(betas.length === 0 ? [] : ['anthropic-beta', betas.join(',')]),
  ];
  return [
    ...dropHeaders(forwardedHeaders(client, new Set([...configured, ...saidAnew])), (name) =>
      ofAws.test(name),
    ),
    ...dropHeaders(own, (name) => configured.has(name)),
    ...headers.flat(),
  ];
};
