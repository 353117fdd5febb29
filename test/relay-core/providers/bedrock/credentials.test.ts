import { describe, expect, it } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { AwsCredentials } from '../../../../relay-core/providers/bedrock/aws-credentials.ts';
import type { LoadIdentity } from '../../../../relay-core/providers/bedrock/credential-sources.ts';
import { findSource } from '../../../../relay-core/providers/bedrock/credential-sources.ts';
import type { AwsIdentity } from '../../../../relay-core/providers/bedrock/sign-request.ts';
import { CredentialError } from '../../../../relay-core/providers/provider.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { bedrockConfig, callOf, destination, openBedrock } from './bedrock-parts.ts';

const identity = (name: string, expiresAt?: number): AwsIdentity => ({
  accessKeyId: name,
  secretAccessKey: 'dummy',
  sessionToken: undefined,
  expiresAt,
});

/** Credentials from a scripted source; `fetched` counts how often it was asked. */
const open = (answers: readonly (AwsIdentity | Error)[], clock = new FakeClock()) => {
  const asked = { count: 0 };
  const load: LoadIdentity = () => {
    const answer = answers[asked.count];
    asked.count += 1;
    return answer instanceof Error || answer === undefined
      ? Promise.reject(answer ?? new Error('asked too often'))
      : Promise.resolve(answer);
  };
  const credentials = new AwsCredentials({ source: { kind: 'chain' }, region: 'us-west-2', clock, load });
  return { credentials, clock, asked };
};

const call = callOf({ model: 'claude-opus-5-5', messages: [] });
const key = (keyMaterial: string) =>
  destination('claude-opus-5-5', { credential: { kind: 'key', keyId: 'k' }, keyMaterial });

describe('AWS credentials', () => {
  it('are fetched once for all who wait', async () => {
    const { credentials, clock, asked } = open([identity('a')]);
    const got = await Promise.all([credentials.get(), credentials.get(), credentials.get()]);
    expect(got.map(({ accessKeyId }) => accessKeyId)).toEqual(['a', 'a', 'a']);
    await credentials.get();
    expect(asked.count).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are fetched anew five minutes before they expire', async () => {
    const clock = new FakeClock();
    const { credentials, asked } = open(
      [identity('a', clock.now() + 900_000), identity('b', clock.now() + 9_000_000)],
      clock,
    );
    await credentials.get();
    clock.advance(599_000);
    expect((await credentials.get()).accessKeyId).toBe('a');
    clock.advance(2_000);
    expect((await credentials.get()).accessKeyId).toBe('b');
    expect(asked.count).toBe(2);
  });

  it('serve to their last moment when there are no newer ones', async () => {
    const clock = new FakeClock();
    const { credentials, asked } = open([identity('a', clock.now() + 900_000)], clock);
    await credentials.get();
    clock.advance(800_000);
    expect((await credentials.get()).accessKeyId).toBe('a');
    expect((await credentials.get()).accessKeyId).toBe('a');
    expect(asked.count).toBe(2);
    clock.advance(200_000);
    await expect(credentials.get()).rejects.toThrow(CredentialError);
  });

  it('that cannot be had are told with what to do, and looked for again', async () => {
    const { credentials } = open([new Error('chain is empty'), identity('a')]);
    await expect(credentials.get()).rejects.toThrow(/^no AWS credentials: set aws_access_key_id/);
    expect((await credentials.get()).accessKeyId).toBe('a');
  });

  it('are not waited for longer than five seconds', async () => {
    const clock = new FakeClock();
    const credentials = new AwsCredentials({
      ...{ source: { kind: 'profile', profile: 'work' }, region: 'us-west-2', clock },
      load: () => new Promise(() => {}),
    });
    const got = credentials.get();
    clock.advance(5_000);
    await expect(got).rejects.toThrow(/profile "work".*aws sso login --profile work/);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are renewed after a refusal, and say so only when they are others', async () => {
    const { credentials, clock, asked } = open([identity('a'), identity('b'), identity('b')]);
    await credentials.get();
    expect(await credentials.renew()).toBe(true);
    expect((await credentials.get()).accessKeyId).toBe('b');
    // Another request that was refused with the older ones.
    expect(await credentials.renew()).toBe(true);
    expect(asked.count).toBe(2);
    clock.advance(30_000);
    expect(await credentials.renew()).toBe(false);
    expect(await credentials.renew()).toBe(false);
  });
});

describe('where AWS credentials come from', () => {
  const named = { kind: 'profile', profile: 'work' };
  const { cloud: nothing } = bedrockConfig({});
  const { cloud: keys } = bedrockConfig({ awsAccessKeyId: 'a', awsSecretAccessKey: 'b', awsProfile: 'work' });
  const { cloud: profile } = bedrockConfig({ awsProfile: 'work' });
  const environment = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_SESSION_TOKEN: 'z' };

  it('is the entry, then the environment, then AWS’s own chain', () => {
    expect(findSource(keys, environment)).toMatchObject({ kind: 'static', identity: { accessKeyId: 'a' } });
    expect(findSource(profile, environment)).toEqual(named);
    expect(findSource(nothing, { ...environment, AWS_PROFILE: 'work' })).toEqual(named);
    expect(findSource(nothing, environment)).toMatchObject({
      identity: { accessKeyId: 'x', sessionToken: 'z' },
    });
    expect(findSource(nothing, {})).toEqual({ kind: 'chain' });
  });
});

describe('the credential of a request to Bedrock', () => {
  const authorization = async (
    adapter: ReturnType<typeof openBedrock>,
    to = destination('claude-opus-5-5'),
  ) => findHeader((await adapter.buildRequest(call, to)).headers, 'authorization');
  const env = { AWS_BEARER_TOKEN_BEDROCK: 'from-env' };

  it('is a configured key as a bearer, but never the documentation’s dummy', async () => {
    expect(await authorization(openBedrock(), key('bedrock-api-key-dummy'))).toBe(
      'Bearer bedrock-api-key-dummy',
    );
    expect(await authorization(openBedrock(), key('bedrock-internal'))).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  it('is the environment’s bearer where the entry says nothing', async () => {
    expect(await authorization(openBedrock({ cloud: {}, env }))).toBe('Bearer from-env');
    expect(await authorization(openBedrock({ cloud: {}, env }), key('own'))).toBe('Bearer own');
    expect(await authorization(openBedrock({ env }))).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  it('is the entry’s own authorization header where there is one', async () => {
    const own = destination('claude-opus-5-5', { headers: [['Authorization', 'Bearer proxy']] });
    const { headers } = await openBedrock().buildRequest(call, own);
    expect(headers.filter((part) => /^authorization$|^Bearer|^AWS4/i.test(part))).toEqual([
      'Authorization',
      'Bearer proxy',
    ]);
  });

  it('that is missing is a CredentialError', async () => {
    const adapter = openBedrock({ cloud: {} });
    await expect(adapter.buildRequest(call, destination('claude-opus-5-5'))).rejects.toThrow(CredentialError);
    const nowhere = openBedrock({ cloud: { awsRegion: undefined } });
    await expect(nowhere.buildRequest(call, destination('claude-opus-5-5'))).rejects.toThrow(
      /set aws_region/,
    );
    expect(nowhere.address).toMatchObject({ kind: 'incomplete' });
    await expect(nowhere.buildProbe(destination(''))).rejects.toThrow(CredentialError);
  });

  it('is fetched anew where that can help', async () => {
    expect(await openBedrock().renewCredentials?.()).toBe(false);
    expect(await openBedrock({ cloud: {}, env }).renewCredentials?.()).toBe(false);
    const names = ['a', 'b'];
    const unused = openBedrock({ cloud: {}, load: () => Promise.resolve(identity('a')) });
    expect(await unused.renewCredentials?.()).toBe(false);
    const adapter = openBedrock({
      cloud: {},
      load: () => Promise.resolve(identity(names.shift() ?? 'none')),
    });
    expect(await authorization(adapter)).toContain('Credential=a/');
    expect(await adapter.renewCredentials?.()).toBe(true);
    expect(await authorization(adapter)).toContain('Credential=b/');
  });

  it.each([
    [{ awsRegion: 'eu-west-1' }, '', {}, 'eu-west-1'],
    [{ awsRegion: undefined }, 'https://bedrock-runtime.ap-south-1.amazonaws.com', {}, 'ap-south-1'],
    [{ awsRegion: undefined }, '', { AWS_REGION: 'us-east-2' }, 'us-east-2'],
  ])('holds for the region of %j, %s, %j', async (...row) => {
    const [cloud, baseUrl, environment, region] = row;
    const keys = { awsAccessKeyId: 'a', awsSecretAccessKey: 'b' };
    const adapter = openBedrock({ cloud: { ...keys, ...cloud }, baseUrl, env: environment });
    const to = destination('claude-opus-5-5', { origin: baseUrl });
    const origin = baseUrl === '' ? `https://bedrock-runtime.${region}.amazonaws.com` : baseUrl;
    expect(adapter.address).toEqual({ kind: 'known', origin });
    expect(await authorization(adapter, to)).toContain(`/${region}/bedrock/aws4_request`);
  });

  it('is on a probe as well, which costs nothing', async () => {
    const probe = await openBedrock().buildProbe(destination(''));
    expect(probe).toMatchObject({ method: 'GET', path: '/async-invoke', body: undefined });
    expect(findHeader(probe.headers, 'authorization')).toMatch(/^AWS4-HMAC-SHA256 /);
  });
});
