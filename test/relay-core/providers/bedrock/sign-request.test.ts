import { Sha256Node } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { signRequest } from '../../../../relay-core/providers/bedrock/sign-request.ts';
import {
  callOf,
  destination,
  dummyAccessKeyId,
  dummySecret,
  openBedrock,
  sdkRequest,
} from './bedrock-parts.ts';

const scopeOf = (authorization: string) => {
  const [, accessKeyId = '', region = '', service = ''] =
    /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(authorization) ?? [];
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  return { accessKeyId, region, service, names };
};

const timeOf = (amzDate: string): number =>
  Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3:$4:$5Z'));

const vectors = ['create', 'arn', 'session', 'stream', 'beta-stream'].flatMap((name) => [
  `v0-sdk-bedrock-${name}`,
  `sdk-bedrock-${name}`,
]);

describe('a signature', () => {
  it.each(vectors)('is the official client’s (%s)', async (name) => {
    const { method, url, headers, body } = sdkRequest(name);
    const { authorization = '', 'x-amz-date': amzDate = '', 'x-amz-security-token': sessionToken } = headers;
    const { accessKeyId, region, service, names } = scopeOf(authorization);
    const own = names.filter((header) => header !== 'host' && !header.startsWith('x-amz-'));
    const signed = await signRequest(
      {
        ...{ method, host: headers.host ?? '', path: url, body: Buffer.from(JSON.stringify(body)) },
        headers: Object.fromEntries(own.map((header) => [header, headers[header] ?? ''])),
      },
      { accessKeyId, secretAccessKey: dummySecret, sessionToken, expiresAt: undefined },
      { service, region, nowMs: timeOf(amzDate) },
    );
    expect(findHeader(signed, 'authorization')).toBe(authorization);
    expect(findHeader(signed, 'x-amz-content-sha256')).toBe(headers['x-amz-content-sha256']);
    expect(findHeader(signed, 'x-amz-security-token')).toBe(sessionToken);
  });

  it('is AWS’s own for its test suite’s get-vanilla', async () => {
    const signer = new SignatureV4({
      ...{ service: 'service', region: 'us-east-1', sha256: Sha256Node, applyChecksum: false },
      credentials: {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      },
    });
    const signed = await signer.sign(
      {
        ...{ method: 'GET', protocol: 'https:', hostname: 'example.amazonaws.com', path: '/' },
        headers: { host: 'example.amazonaws.com' },
      },
      { signingDate: new Date('2015-08-30T12:36:00Z') },
    );
    expect(signed.headers.authorization).toContain(
      'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });

  it('covers of a request what nobody may change: host, type, body, time, session', async () => {
    const nowMs = Date.parse('2026-11-20T17:03:56Z');
    const adapter = openBedrock({
      cloud: { awsAccessKeyId: dummyAccessKeyId, awsSecretAccessKey: dummySecret, awsSessionToken: 'token' },
      nowMs,
    });
    const call = callOf({ model: 'claude-opus-5-5', messages: [] });
    const { headers, body, path } = await adapter.buildRequest(call, destination('claude-opus-5-5'));
    const authorization = findHeader(headers, 'authorization') ?? '';
    const { names, region, service } = scopeOf(authorization);
    expect({ names, region, service }).toEqual({
      names: ['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'],
      region: 'us-west-2',
      service: 'bedrock',
    });
    const again = await signRequest(
      {
        ...{ method: 'POST', host: 'bedrock-runtime.us-west-2.amazonaws.com', path, body },
        headers: { 'content-type': 'application/json' },
      },
      {
        ...{ accessKeyId: dummyAccessKeyId, secretAccessKey: dummySecret, sessionToken: 'token' },
        expiresAt: undefined,
      },
      { service: 'bedrock', region: 'us-west-2', nowMs },
    );
    expect(findHeader(again, 'authorization')).toBe(authorization);
  });
});
