import { createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import type { PostForm } from '../../../../relay-core/providers/cloud/cloud-parts.ts';
import { CredentialError, type ProviderAdapter } from '../../../../relay-core/providers/provider.ts';
import { createVertexAdapter } from '../../../../relay-core/providers/vertex/vertex.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { ScriptedUpstream } from '../../../support/scripted-upstream.ts';
import { callOf, configOf, destinationOf, officialRequest } from './cloud-case.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** Posts over a real socket. */
const postOverHttp: PostForm = (url, form) =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(url, { method: 'POST', agent: false, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.on('error', reject);
    outgoing.end(new URLSearchParams(form).toString());
  });

const answer =
  (body: object, status = 200) =>
  (response: import('node:http').ServerResponse) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'metadata-flavor': 'Google' })
      .end(JSON.stringify(body));
const tokenAnswer = (name: string, expiresIn = 3600) =>
  answer({ access_token: name, expires_in: expiresIn, token_type: 'Bearer' });

let google: ScriptedUpstream;
let folder: string;
let clock: FakeClock;
beforeEach(async () => {
  google = await ScriptedUpstream.start(tokenAnswer('ya29.one'));
  folder = await mkdtemp(join(tmpdir(), 'cc-relay-google-'));
  clock = new FakeClock();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await google.stop();
  await rm(folder, { recursive: true });
});

const call = callOf(officialRequest('v0-sdk-anthropic-create'));
const destination = destinationOf(call);
const tokenOf = async (adapter: ProviderAdapter): Promise<string | undefined> =>
  findHeader((await adapter.buildRequest(call, destination)).headers, 'authorization');

const adapterWith = (env: Record<string, string>, postForm: PostForm = postOverHttp): ProviderAdapter =>
  createVertexAdapter({
    config: configOf({ gcpProjectId: 'p', gcpRegion: 'global' }),
    env,
    clock,
    postForm,
  });

const writeAccount = async (more: object = {}): Promise<string> => {
  const path = join(folder, 'account.json');
  const account = {
    type: 'service_account',
    client_email: 'relay@dummy-project.iam.gserviceaccount.com',
    private_key: privateKey,
    token_uri: `${google.url}/token`,
    ...more,
  };
  await writeFile(path, JSON.stringify(account));
  return path;
};
const withAccount = async (more: object = {}): Promise<ProviderAdapter> =>
  adapterWith({ GOOGLE_APPLICATION_CREDENTIALS: await writeAccount(more) });

const partsOf = (jwt: string | null) => {
  const [header = '', claims = '', signature = ''] = (jwt ?? '').split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), claims: read(claims), signed: `${header}.${claims}`, signature };
};

describe('a service account', () => {
  it('is exchanged at its own token_uri, as the official client does it', async () => {
    expect(await tokenOf(await withAccount())).toBe('Bearer ya29.one');
    const [seen] = google.requests;
    expect(seen).toMatchObject({ method: 'POST', url: '/token' });
    const form = new URLSearchParams(seen?.body.toString());
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { header, claims, signed, signature } = partsOf(form.get('assertion'));
    expect(header).toEqual({ alg: 'RS256' });
    expect(claims).toEqual({
      iss: 'relay@dummy-project.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: `${google.url}/token`,
      iat: 1000,
      exp: 4600,
    });
    const verifier = createVerify('RSA-SHA256').update(signed);
    expect(verifier.verify(publicKey, signature, 'base64url')).toBe(true);
    const official = await import(
      '../../../fixtures/official-sdk-requests/gcp-token-without-signature.json',
      {
        with: { type: 'json' },
      }
    );
    const theirs = partsOf(new URLSearchParams(official.default.body).get('assertion'));
    expect(Object.keys(claims)).toEqual(Object.keys(theirs.claims));
    expect([...form.keys()]).toEqual([...new URLSearchParams(official.default.body).keys()]);
  });

  it('is asked once for all who wait, and not again while its token lasts', async () => {
    const adapter = await withAccount();
    const tokens = await Promise.all([tokenOf(adapter), tokenOf(adapter), tokenOf(adapter)]);
    expect(new Set(tokens)).toEqual(new Set(['Bearer ya29.one']));
    clock.advance(3_000_000);
    await tokenOf(adapter);
    expect(google.requests.length).toBe(1);
  });

  it('is asked again five minutes before the end, while the old token still serves', async () => {
    const adapter = await withAccount();
    await tokenOf(adapter);
    google.always(tokenAnswer('ya29.two'));
    clock.advance(3_300_000);
    expect(await tokenOf(adapter)).toBe('Bearer ya29.one');
    await vi.waitFor(async () => expect(await tokenOf(adapter)).toBe('Bearer ya29.two'));
    expect(google.requests.length).toBe(2);
  });

  it('serves on with the old token while Google cannot be asked, but not beyond its end', async () => {
    const adapter = await withAccount();
    await tokenOf(adapter);
    google.always(answer({ error: 'internal_failure' }, 500));
    clock.advance(3_500_000);
    expect(await tokenOf(adapter)).toBe('Bearer ya29.one');
    clock.advance(100_000);
    await expect(tokenOf(adapter)).rejects.toThrow(CredentialError);
  });

  it('is asked anew after a refusal; the same token again is nothing new to try', async () => {
    const adapter = await withAccount();
    await tokenOf(adapter);
    expect(await adapter.renewCredentials?.()).toBe(false);
    google.always(tokenAnswer('ya29.two'));
    expect(await adapter.renewCredentials?.()).toBe(true);
    expect(await tokenOf(adapter)).toBe('Bearer ya29.two');
    google.always(answer({ error: 'invalid_grant' }, 400));
    expect(await adapter.renewCredentials?.()).toBe(false);
    await expect(tokenOf(adapter)).rejects.toThrow(CredentialError);
  });

  it('that Google refuses is a CredentialError in Google’s words', async () => {
    google.always(answer({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 400));
    const failed = tokenOf(await withAccount());
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(/400: invalid_grant Invalid JWT Signature/);
  });

  it('is given up on after five seconds', async () => {
    google.always(() => undefined);
    const failed = tokenOf(await withAccount());
    failed.catch(() => undefined);
    await vi.waitFor(() => expect(google.requests.length).toBe(1));
    clock.advance(4_999);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    await expect(failed).rejects.toThrow(/no token within 5000 ms/);
  });

  it('leaves no timer behind', async () => {
    await tokenOf(await withAccount());
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['a key that is none', { private_key: 'x' }, /private_key/],
    [
      'an address where nobody is',
      { token_uri: 'http://127.0.0.1:1/token' },
      /127\.0\.0\.1:1\/token gave no answer: .*ECONNREFUSED/,
    ],
  ])('with %s is a CredentialError', async (_what, more, words) => {
    const failed = tokenOf(await withAccount(more));
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(words);
  });
});

describe('other Google credentials', () => {
  it('names the file that is not there', async () => {
    const failed = tokenOf(adapterWith({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'nowhere.json') }));
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(/GOOGLE_APPLICATION_CREDENTIALS names .*nowhere\.json/);
  });

  it('quotes nothing of a file that is no JSON', async () => {
    await writeFile(join(folder, 'bad.json'), 'secret-text');
    const failed = tokenOf(adapterWith({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'bad.json') }));
    await expect(failed).rejects.toThrow(/bad\.json is no JSON: run `gcloud auth/);
    await expect(failed).rejects.not.toThrow(/secret-text/);
  });

  it.each([
    ['HOME', ['.config', 'gcloud']],
    ['APPDATA', ['gcloud']],
    ['CLOUDSDK_CONFIG', []],
  ])('takes the user’s login from under %s, through the relay’s own transport', async (variable, path) => {
    await mkdir(join(folder, ...path), { recursive: true });
    const user = {
      type: 'authorized_user',
      client_id: 'id',
      client_secret: 'dummy',
      refresh_token: 'refresh-dummy',
    };
    await writeFile(join(folder, ...path, 'application_default_credentials.json'), JSON.stringify(user));
    const asked: string[] = [];
    const adapter = adapterWith({ [variable]: folder }, (url, form) => {
      asked.push(url);
      return postOverHttp(`${google.url}/token`, form);
    });
    expect(await tokenOf(adapter)).toBe('Bearer ya29.one');
    expect(asked).toEqual(['https://oauth2.googleapis.com/token']);
    expect(Object.fromEntries(new URLSearchParams(google.requests[0]?.body.toString()))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'id',
      client_secret: 'dummy',
      refresh_token: 'refresh-dummy',
    });
  });

  it('says what to do when the login has ended', async () => {
    google.always(
      answer({ error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }, 400),
    );
    const user = { type: 'authorized_user', client_id: 'i', client_secret: 'd', refresh_token: 'r' };
    await writeFile(join(folder, 'application_default_credentials.json'), JSON.stringify(user));
    const failed = tokenOf(
      adapterWith({ CLOUDSDK_CONFIG: folder }, (_url, form) => postOverHttp(`${google.url}/token`, form)),
    );
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(/gcloud auth application-default login/);
  });

  it('takes the machine’s own account from the metadata server', async () => {
    vi.stubEnv('GCE_METADATA_HOST', google.url.replace('http://', ''));
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    expect(await tokenOf(adapterWith({}))).toBe('Bearer ya29.one');
    const [seen] = google.requests;
    expect(seen?.url).toMatch(/^\/computeMetadata\/v1\/instance\/service-accounts\/default\/token\?scopes=/);
    expect(seen?.headers['metadata-flavor']).toBe('Google');
  });

  it('says what to do when there are none', async () => {
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    const failed = tokenOf(adapterWith({ HOME: folder }));
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(
      'no Google credentials: run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS',
    );
  });
});
