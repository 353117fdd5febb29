import type { CloudSettings } from '../../config/config.ts';
import type { Environment } from '../../ports.ts';
import type { AwsIdentity } from './sign-request.ts';

/** Where an AWS identity comes from: said outright, a profile of the shared files, or whatever AWS's own chain finds. */
export type CredentialSource =
  | { readonly kind: 'static'; readonly identity: AwsIdentity }
  | { readonly kind: 'profile'; readonly profile: string }
  | { readonly kind: 'chain' };

const staticSource = (
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): CredentialSource | undefined =>
  accessKeyId && secretAccessKey
    ? {
        kind: 'static',
        identity: {
          accessKeyId,
          secretAccessKey,
          sessionToken: sessionToken || undefined,
          expiresAt: undefined,
        },
      }
    : undefined;

/** What the entry itself says; undefined = nothing. */
export const configuredSource = (cloud: CloudSettings): CredentialSource | undefined =>
  staticSource(cloud.awsAccessKeyId, cloud.awsSecretAccessKey, cloud.awsSessionToken) ??
  (cloud.awsProfile ? { kind: 'profile', profile: cloud.awsProfile } : undefined);

/** The entry's word, else the environment's, else AWS's chain. As AWS has it, a named profile beats keys beside it. */
export const findSource = (cloud: CloudSettings, env: Environment): CredentialSource =>
  configuredSource(cloud) ??
  (env.AWS_PROFILE ? { kind: 'profile', profile: env.AWS_PROFILE } : undefined) ??
  staticSource(env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN) ?? { kind: 'chain' };

/** Fetches an identity from outside; rejects where there is none. */
export type LoadIdentity = (source: CredentialSource, region: string) => Promise<AwsIdentity>;

/** Fetches with AWS's own packages, loaded when first needed: most relays never are asked to. */
export const loadIdentity: LoadIdentity = async (source, region) => {
  if (source.kind === 'static') return source.identity;
  const { fromIni, fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
  const clientConfig = { region };
  // Read anew each time: a fetch that is answered from memory renews nothing.
  const provide =
    source.kind === 'profile'
      ? fromIni({ profile: source.profile, clientConfig, ignoreCache: true })
      : fromNodeProviderChain({ clientConfig, ignoreCache: true, timeout: 1_000, maxRetries: 0 });
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provide();
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: expiration?.getTime() };
};
