import type { DefaultAzureCredentialOptions } from '@azure/identity';
import type { Token } from '../cloud/token-cache.ts';
import { CredentialError } from '../provider.ts';

/** What the official client asks a token for. */
const foundryScope = 'https://ai.azure.com/.default';

/** What to do without credentials. */
export const entraRemedy =
  "give the provider a key (keys:), run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; the identity needs the role 'Cognitive Services User' on the resource";

/** What is used of `@azure/identity`; tests hand in their own. */
export type EntraLibrary = {
  readonly DefaultAzureCredential: new (
    options?: DefaultAzureCredentialOptions,
  ) => {
    getToken(scope: string): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
  };
};

/** Megabytes that only an entry without a key needs. */
export const loadEntraLibrary = (): Promise<EntraLibrary> => import('@azure/identity');

const proxyOptions = (proxyUrl: string | undefined): DefaultAzureCredentialOptions => {
  const proxy = proxyUrl === undefined ? null : URL.parse(proxyUrl);
  if (proxy === null) return {};
  const { protocol, hostname, port, username, password } = proxy;
  return {
    proxyOptions: {
      host: `${protocol}//${hostname}`,
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    },
  };
};

/** A token by Microsoft's own order of places; a new credential each time, for the library keeps refused ones. */
export const fetchEntraToken = async (
  load: () => Promise<EntraLibrary>,
  proxyUrl: string | undefined,
): Promise<Token> => {
  const { DefaultAzureCredential } = await load();
  try {
    const answer = await new DefaultAzureCredential(proxyOptions(proxyUrl)).getToken(foundryScope);
    if (answer !== null) return { value: answer.token, expiresAtMs: answer.expiresOnTimestamp };
  } catch (error) {
    // The library lists each place it tried, on many lines.
    throw new CredentialError(`no Azure credentials: ${entraRemedy}`, { cause: error });
  }
  throw new CredentialError(`no Azure credentials: ${entraRemedy}`);
};
