import type { AuthClient, JWTInput } from 'google-auth-library';
import { z } from 'zod';
import type { CloudParts, PostForm } from '../cloud/cloud-parts.ts';
import type { Token } from '../cloud/token-cache.ts';
import { CredentialError } from '../provider.ts';
import { cloudScope } from './service-account.ts';

/** Most relays never ask Google for a token: the library is loaded by the first who does. */
const loadLibrary = () => import('google-auth-library');

const userSchema = z.object({
  type: z.literal('authorized_user'),
  client_id: z.string(),
  client_secret: z.string(),
  refresh_token: z.string(),
});

const isCredentialFile = (value: unknown): value is JWTInput => typeof value === 'object' && value !== null;

/** A token of whom a credentials file names: a user who logged in with gcloud, or a federated identity. */
export const fetchTokenForFile = async (file: unknown, { clock, postForm }: CloudParts): Promise<Token> => {
  const { GoogleAuth, UserRefreshClient, gaxios } = await loadLibrary();
  const user = userSchema.safeParse(file);
  if (user.success) {
    const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = user.data;
    const transporter = new gaxios.Gaxios({ fetchImplementation: fetchByForm(postForm) });
    return readToken(
      new UserRefreshClient({ clientId, clientSecret, refreshToken, transporter }),
      clock.now(),
    );
  }
  if (!isCredentialFile(file)) throw new CredentialError('the Google credentials file holds no JSON object');
  // Federated and impersonated identities need more than forms: they use the library's own transport.
  return readToken(new GoogleAuth({ scopes: cloudScope }).fromJSON(file), clock.now());
};

/** A token of the account that Google attached to this machine; undefined = this is no machine of Google's. */
export const fetchMetadataToken = async ({
  clock,
}: Pick<CloudParts, 'clock'>): Promise<Token | undefined> => {
  const { Compute, gcpMetadata } = await loadLibrary();
  // The metadata server is on the machine's own link: no proxy may stand between, so the library asks it itself.
  if (!(await gcpMetadata.isAvailable())) return undefined;
  return readToken(new Compute({ scopes: [cloudScope] }), clock.now());
};

/** What a token is trusted for when nothing says how long it lives. */
const unknownLifeMs = 600_000;

const readToken = async (client: AuthClient, nowMs: number): Promise<Token> => {
  const { token } = await client.getAccessToken();
  if (typeof token !== 'string' || token === '') throw new CredentialError('Google gave no access token');
  return { value: token, expiresAtMs: client.credentials.expiry_date ?? nowMs + unknownLifeMs };
};

/** The library's transport through the relay's own: it only ever posts forms for a user. */
const fetchByForm =
  (postForm: PostForm) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const form = Object.fromEntries(new URLSearchParams(String(init?.body ?? '')));
    const { status, body } = await postForm(url, form);
    return new Response(body, { status, headers: { 'content-type': 'application/json' } });
  };
