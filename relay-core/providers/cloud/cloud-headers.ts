import { dropHeaders, type HeaderList } from '../../messages/header-list.ts';
import { forwardedHeaders } from '../forwarded-headers.ts';
import type { Destination, MessagesCall } from '../provider.ts';

/** What goes upstream besides the client's own headers. */
export type OwnHeaders = { readonly betas: readonly string[]; readonly credential: HeaderList };

const namesIn = (destination: Destination): ReadonlySet<string> =>
  new Set(destination.headers.map(([name]) => name.toLowerCase()));

/** True when the entry's own headers bring a credential, which then stands in for every other. */
export const hasOwnCredential = (destination: Destination, names: readonly string[]): boolean => {
  const set = namesIn(destination);
  return names.some((name) => set.has(name));
};

/** The client's headers with a cloud's betas and credential, and the entry's own over all. */
export const cloudHeaders = (
  call: MessagesCall,
  destination: Destination,
  { betas, credential }: OwnHeaders,
): HeaderList => {
  const names = namesIn(destination);
  const own = [...(betas.length === 0 ? [] : ['anthropic-beta', betas.join(',')]), ...credential];
  return [
    ...forwardedHeaders(call.headers, new Set([...names, 'anthropic-beta'])),
    ...dropHeaders(own, (name) => names.has(name)),
    ...destination.headers.flat(),
  ];
};

/** The headers of a request of the relay's own. */
export const probeHeaders = (destination: Destination, own: HeaderList): HeaderList => {
  const names = namesIn(destination);
  return [...dropHeaders(own, (name) => names.has(name)), ...destination.headers.flat()];
};
