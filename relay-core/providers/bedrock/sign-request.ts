import { Sha256Node } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';

/** An AWS identity. `expiresAt` in epoch milliseconds; undefined = it does not expire. */
export type AwsIdentity = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiresAt: number | undefined;
};

/** What is signed. `path` as on the wire, without a query; `headers` are those that the signature covers. */
export type Signable = {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
};

/** Where and when a signature holds. */
export type SigningScope = {
  readonly service: string;
  readonly region: string;
  readonly nowMs: number;
};

const addedNames = ['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256', 'authorization'];

/** The headers that sign a request (AWS Signature Version 4), in the official client's order. */
export const signRequest = async (
  request: Signable,
  identity: AwsIdentity,
  { service, region, nowMs }: SigningScope,
): Promise<readonly string[]> => {
  const { accessKeyId, secretAccessKey, sessionToken } = identity;
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256Node,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: request.host,
      path: request.path,
      headers: { ...request.headers, host: request.host },
      body: request.body,
    },
    { signingDate: new Date(nowMs) },
  );
  return addedNames.flatMap((name) => {
    const value = signed.headers[name];
    return value === undefined ? [] : [name, value];
  });
};
