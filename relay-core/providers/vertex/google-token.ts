import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../ports.ts';
import type { CloudParts } from '../cloud/cloud-parts.ts';
import type { Token } from '../cloud/token-cache.ts';
import { CredentialError } from '../provider.ts';
import { fetchMetadataToken, fetchTokenForFile } from './google-library.ts';
import { exchangeServiceAccount, serviceAccountSchema } from './service-account.ts';

/** What to do without credentials. */
export const credentialRemedy =
  'run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account file';

const fileName = 'application_default_credentials.json';

/** Where gcloud keeps what `application-default login` gave: Windows first, where HOME may be set as well. */
const gcloudFiles = (env: Environment): readonly string[] => [
  ...(env.CLOUDSDK_CONFIG ? [join(env.CLOUDSDK_CONFIG, fileName)] : []),
  ...(env.APPDATA ? [join(env.APPDATA, 'gcloud', fileName)] : []),
  ...(env.HOME ? [join(env.HOME, '.config', 'gcloud', fileName)] : []),
];

/** A token by Google's own order: the named file, gcloud's, the machine's account. Read anew each time. */
export const fetchGoogleToken = async (parts: CloudParts): Promise<Token> => {
  const named = parts.env.GOOGLE_APPLICATION_CREDENTIALS;
  if (named) return tokenFromText(await readNamed(named), named, parts);
  for (const path of gcloudFiles(parts.env)) {
    const text = await readIfThere(path);
    if (text !== undefined) return tokenFromText(text, path, parts);
  }
  const token = await fetchMetadataToken(parts);
  if (token === undefined) throw new CredentialError(`no Google credentials: ${credentialRemedy}`);
  return token;
};

const readNamed = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CredentialError(
      `GOOGLE_APPLICATION_CREDENTIALS names ${path}, which cannot be read: correct it, or unset it and run \`gcloud auth application-default login\``,
      { cause: error },
    );
  }
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Not there, or not for us: the next place may have some.
    return undefined;
  }
};

const tokenFromText = (text: string, path: string, parts: CloudParts): Promise<Token> => {
  const file = parseFile(text, path);
  const account = serviceAccountSchema.safeParse(file);
  return account.success ? exchangeServiceAccount(account.data, parts) : withRemedy(file, parts);
};

const withRemedy = async (file: unknown, parts: CloudParts): Promise<Token> => {
  try {
    return await fetchTokenForFile(file, parts);
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    throw new CredentialError(`Google gave no token for the saved login: ${credentialRemedy}`, {
      cause: error,
    });
  }
};

const parseFile = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Without cause: the parser's message quotes the file.
    throw new CredentialError(`${path} is no JSON: ${credentialRemedy}`);
  }
};
