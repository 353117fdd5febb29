import { sign } from 'node:crypto';
import { z } from 'zod';
import type { CloudParts } from '../cloud/cloud-parts.ts';
import type { Token } from '../cloud/token-cache.ts';
import { CredentialError } from '../provider.ts';

/** What every Google Cloud request of the relay's is allowed to do. */
export const cloudScope = 'https://www.googleapis.com/auth/cloud-platform';

const googleTokenUrl = 'https://oauth2.googleapis.com/token';
const tokenLifeSeconds = 3600;

/** A service account's key file, as far as it is needed. */
export const serviceAccountSchema = z.object({
  type: z.literal('service_account'),
  client_email: z.string(),
  private_key: z.string(),
  token_uri: z.string().default(googleTokenUrl),
});

type ServiceAccount = z.infer<typeof serviceAccountSchema>;

const answerSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().default(tokenLifeSeconds),
});
const refusalSchema = z.object({ error: z.string(), error_description: z.string().default('') });

const base64Url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The signed claim that is exchanged for a token (RFC 7523). */
const signAssertion = (account: ServiceAccount, nowMs: number): string => {
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    iss: account.client_email,
    scope: cloudScope,
    aud: account.token_uri,
    exp: iat + tokenLifeSeconds,
    iat,
  };
  const text = `${base64Url({ alg: 'RS256' })}.${base64Url(claims)}`;
  try {
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), account.private_key).toString('base64url')}`;
  } catch (error) {
    throw new CredentialError('the service account file has no usable private_key: download it again', {
      cause: error,
    });
  }
};

const longestQuote = 200;

const refusal = (status: number, body: string): CredentialError => {
  const read = refusalSchema.safeParse(parseJson(body));
  const words = read.success ? `: ${read.data.error} ${read.data.error_description}`.trimEnd() : '';
  return new CredentialError(
    `Google refused the service account (${status}${words.slice(0, longestQuote)}): check the file that GOOGLE_APPLICATION_CREDENTIALS names, and the clock`,
  );
};

const unreachable = (url: string, cause: unknown): CredentialError => {
  const detail = cause instanceof Error ? cause.message : 'connection failed';
  return new CredentialError(`Google's token service at ${url} gave no answer: ${detail}`, { cause });
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Exchanges a service account's signature for an access token at the file's own `token_uri`. */
export const exchangeServiceAccount = async (
  account: ServiceAccount,
  { clock, postForm }: Pick<CloudParts, 'clock' | 'postForm'>,
): Promise<Token> => {
  const askedAtMs = clock.now();
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signAssertion(account, askedAtMs),
  };
  const { status, body } = await postForm(account.token_uri, form).catch((error: unknown) => {
    throw unreachable(account.token_uri, error);
  });
  const read = answerSchema.safeParse(parseJson(body));
  if (status !== 200 || !read.success) throw refusal(status, body);
  return { value: read.data.access_token, expiresAtMs: askedAtMs + read.data.expires_in * 1000 };
};
