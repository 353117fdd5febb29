import { beforeEach, describe, expect, it } from 'vitest';
import type { CloudSettings, UpstreamConfig } from '../../../../relay-core/config/config.ts';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { createAzureAdapter } from '../../../../relay-core/providers/azure/azure.ts';
import { azureCapabilities } from '../../../../relay-core/providers/azure/capabilities.data.ts';
import {
  CredentialError,
  type Destination,
  type UpstreamRequest,
} from '../../../../relay-core/providers/provider.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import {
  callOf,
  callOfBytes,
  claudeCodeRequest,
  configOf,
  destinationOf,
  listIn,
  officialRequest,
  ownDialectNames,
  pathsIn,
  type Recorded,
} from '../vertex/cloud-case.ts';

const key = { credential: { kind: 'key', keyId: 'k' }, keyMaterial: 'azure-key' } as const;

const adapterFor = (cloud: Partial<CloudSettings> = {}, more: Partial<UpstreamConfig> = {}) =>
  createAzureAdapter({
    config: configOf({ azureResourceName: 'my-resource', ...cloud }, { type: 'azure', ...more }),
    env: {},
    clock: new FakeClock(),
    loadEntra: () => Promise.reject(new Error('no token is needed here')),
  });

let adapter = adapterFor();
beforeEach(() => {
  adapter = adapterFor();
});

type Sent = UpstreamRequest & { readonly json: Record<string, unknown> };
const send = async (
  recorded: Pick<Recorded, 'url' | 'rawHeaders' | 'body'>,
  more: Partial<Destination> = {},
): Promise<Sent> => {
  const call = callOf(recorded);
  const request = await adapter.buildRequest(call, destinationOf(call, { ...key, ...more }));
  return { ...request, json: JSON.parse(request.body?.toString() ?? '') };
};

describe('Azure against the official client', () => {
  it.each([
    ['v0-sdk-anthropic-create', 'v0-sdk-foundry-apikey'],
    ['v0-sdk-anthropic-beta-stream', 'v0-sdk-foundry-apikey-stream'],
    ['v0-sdk-anthropic-count', 'v0-sdk-foundry-count'],
  ])('%s becomes %s', async (own, official) => {
    const expected = officialRequest(official);
    const sent = await send(officialRequest(own));
    expect(sent.path).toBe(expected.url);
    expect(sent.json).toEqual(expected.body);
    expect(listIn(sent.headers, 'anthropic-beta')).toEqual(listIn(expected.rawHeaders, 'anthropic-beta'));
    expect(findHeader(sent.headers, 'anthropic-version')).toBe('2023-06-01');
    expect(findHeader(sent.headers, 'x-api-key')).toBe('azure-key');
    expect(findHeader(sent.headers, 'authorization')).toBeUndefined();
    expect(sent.origin).toBe('https://my-resource.services.ai.azure.com');
  });

  it('keeps the version under a client of the newer API', async () => {
    const expected = officialRequest('sdk-foundry-apikey');
    const { body } = officialRequest('v0-sdk-anthropic-create');
    const sent = await send({ url: '/v1/messages', rawHeaders: ['anthropic-version', '2026-10-21'], body });
    expect(sent.path).toBe(expected.url);
    expect(sent.json).toEqual(expected.body);
    expect(findHeader(sent.headers, 'anthropic-version')).toBe(
      findHeader(expected.rawHeaders, 'anthropic-version'),
    );
  });
});

describe('Azure against Claude Code’s own Foundry mode', () => {
  const oracle = claudeCodeRequest('cc-foundry');

  it('sends its path, betas and fields for a model of the same kind', async () => {
    const sent = await send(claudeCodeRequest('p-haiku45'));
    expect(sent.path).toBe(oracle.url);
    const theirs = listIn(oracle.rawHeaders, 'anthropic-beta').filter(
      (beta) => !beta.startsWith('web-search'),
    );
    expect(listIn(sent.headers, 'anthropic-beta').toSorted()).toEqual(theirs.toSorted());
    expect([...pathsIn(sent.json)].toSorted()).toEqual([...pathsIn(oracle.body)].toSorted());
  });

  it.each(ownDialectNames)('has a verdict on every beta of %s', (name) => {
    const betas = listIn(claudeCodeRequest(name).rawHeaders, 'anthropic-beta');
    const unknown = betas.filter(
      (beta) =>
        !azureCapabilities.some((row) =>
          row.beta?.endsWith('*') ? beta.startsWith(row.beta.slice(0, -1)) : row.beta === beta,
        ),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the Azure dialect', () => {
  it('sends the very bytes when nothing must change', async () => {
    const call = callOfBytes(
      Buffer.from('{ "model" : "claude-opus-5-5", "n": 12345678901234567890, "messages" : [] }'),
    );
    const request = await adapter.buildRequest(call, destinationOf(call, key));
    expect(request.body).toBe(call.body);
  });

  it('changes nothing but the model where the deployment is called otherwise', async () => {
    const text = '{ "model":"claude-opus-5-5","n": 12345678901234567890 }';
    const call = callOfBytes(Buffer.from(text));
    const request = await adapter.buildRequest(call, destinationOf(call, { ...key, model: 'mine' }));
    expect(request.body?.toString()).toBe('{"model":"mine","n": 12345678901234567890}');
  });

  it('drops header and field together', async () => {
    const sent = await send(claudeCodeRequest('tui-main-auto-mode'));
    const paths = [...pathsIn(sent.json)];
    expect(paths.filter((path) => /safeguards|display|\]\.output_config/.test(path))).toEqual([]);
    expect(paths).toContain('context_management');
    const betas = listIn(sent.headers, 'anthropic-beta');
    expect(betas.join()).not.toMatch(/dangerous|afk|display|per-turn|mid-conv/);
    expect(betas).toContain('context-management-2025-06-27');
    expect(
      listIn((await send(claudeCodeRequest('p-oauth-sonnet55'))).headers, 'anthropic-beta').join(),
    ).not.toMatch(/oauth/);
  });

  it.each(['p-thinking-tool-turn-2', 'p-resume-after-cut', 'tui-main-auto-mode', 'p-oauth-sonnet55'])(
    'translates the beginning of %s the same however far the conversation has come',
    async (name) => {
      const whole = claudeCodeRequest(name);
      const messages = whole.body.messages as unknown[];
      const last = await send(whole);
      for (let length = 1; length <= messages.length; length += 1) {
        const turn = await send({ ...whole, body: { ...whole.body, messages: messages.slice(0, length) } });
        expect(turn.headers).toEqual(last.headers);
        expect({ ...turn.json, messages: [] }).toEqual({ ...last.json, messages: [] });
        const bytes = JSON.stringify(turn.json.messages).slice(1, -1);
        expect(turn.body?.includes(bytes)).toBe(true);
        expect(last.body?.includes(bytes)).toBe(true);
      }
    },
  );

  it.each([
    ['the date of a model left out', {}, 'claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
    ['the model itself', {}, 'claude-opus-5-5', 'claude-opus-5-5'],
    ['azure_deployment_id', { azureDeploymentId: 'prod' }, 'claude-opus-5-5', 'prod'],
  ])('names as the deployment %s', async (...[, cloud, model, deployment]) => {
    adapter = adapterFor(cloud);
    const own = officialRequest('v0-sdk-anthropic-create');
    expect((await send({ ...own, body: { ...own.body, model } })).json.model).toBe(deployment);
  });

  it('names a mapped model as it is written', async () => {
    const sent = await send(officialRequest('v0-sdk-anthropic-create'), { model: 'claude-x-20250101' });
    expect(sent.json.model).toBe('claude-x-20250101');
  });

  it.each([
    ['http://127.0.0.1:9', '/anthropic/v1/messages'],
    ['http://127.0.0.1:9/anthropic', '/anthropic/v1/messages'],
    ['http://127.0.0.1:9/gw', '/gw/anthropic/v1/messages'],
  ])('goes to base_url %s instead', async (baseUrl, path) => {
    adapter = adapterFor({ azureApiVersion: '2024-06-01' }, { baseUrl });
    const sent = await send(officialRequest('v0-sdk-anthropic-create'));
    expect([sent.origin, sent.path]).toEqual(['http://127.0.0.1:9', path]);
  });

  it('brings the key as a bearer where the entry says so, or what the entry’s own headers hold', async () => {
    const own = officialRequest('v0-sdk-anthropic-create');
    expect(findHeader((await send(own, { auth: 'bearer' })).headers, 'authorization')).toBe(
      'Bearer azure-key',
    );
    const { headers } = await send(own, { headers: [['api-key', 'of the entry']] });
    expect(findHeader(headers, 'api-key')).toBe('of the entry');
    expect(findHeader(headers, 'x-api-key')).toBeUndefined();
  });

  it('says what the configuration lacks', async () => {
    adapter = adapterFor({ azureResourceName: undefined });
    const failed = send(officialRequest('v0-sdk-anthropic-create'));
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(/azure_resource_name/);
  });

  it('probes with a GET', async () => {
    const call = callOf(officialRequest('v0-sdk-anthropic-create'));
    expect(await adapter.buildProbe(destinationOf(call, key))).toEqual({
      method: 'GET',
      origin: 'https://my-resource.services.ai.azure.com',
      path: '/anthropic/v1/models?limit=1',
      headers: ['anthropic-version', '2023-06-01', 'x-api-key', 'azure-key'],
      body: undefined,
    });
  });
});
