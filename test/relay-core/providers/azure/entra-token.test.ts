import { beforeEach, describe, expect, it, vi } from 'vitest';
import { findHeader } from '../../../../relay-core/messages/header-list.ts';
import { createAzureAdapter } from '../../../../relay-core/providers/azure/azure.ts';
import type { EntraLibrary } from '../../../../relay-core/providers/azure/entra-token.ts';
import { CredentialError, type ProviderAdapter } from '../../../../relay-core/providers/provider.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { callOf, configOf, destinationOf, officialRequest } from '../vertex/cloud-case.ts';

const call = callOf(officialRequest('v0-sdk-anthropic-create'));
const headersOf = async (adapter: ProviderAdapter) =>
  (await adapter.buildRequest(call, destinationOf(call))).headers;
const tokenOf = async (adapter: ProviderAdapter) => findHeader(await headersOf(adapter), 'authorization');

const oneKey = {
  ...{ keyId: 'k', label: undefined, material: 'secret', maxConcurrent: 0, weight: 1 },
  limits: { rpm: 0, tpm: 0, itpm: 0, otpm: 0 },
};

let clock: FakeClock;
let asked: unknown[];
let give: () => Promise<string | undefined>;
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  give = () => Promise.resolve('eyJ.one');
});

const fakeEntra = (): Promise<EntraLibrary> =>
  Promise.resolve({
    DefaultAzureCredential: class {
      readonly #options: unknown;
      constructor(options?: unknown) {
        this.#options = options;
      }
      async getToken(scope: string) {
        asked.push([scope, this.#options]);
        const token = await give();
        return token === undefined ? null : { token, expiresOnTimestamp: clock.now() + 3_600_000 };
      }
    },
  });

const adapterWith = (more: Partial<Parameters<typeof configOf>[1]> = {}) =>
  createAzureAdapter({
    config: configOf({ azureResourceName: 'r' }, { type: 'azure', ...more }),
    env: {},
    clock,
    loadEntra: fakeEntra,
  });

describe('an Azure entry without a key', () => {
  it('brings a token of Entra ID, as the official client does', async () => {
    const headers = await headersOf(adapterWith());
    const official = officialRequest('v0-sdk-foundry-entra');
    expect(findHeader(headers, 'authorization')).toBe('Bearer eyJ.one');
    expect(findHeader(official.rawHeaders, 'authorization')).toBeDefined();
    expect(findHeader(headers, 'x-api-key')).toBe(findHeader(official.rawHeaders, 'x-api-key'));
    expect(asked).toEqual([['https://ai.azure.com/.default', {}]]);
  });

  it('asks once for all who wait, ahead of the end, and at most so often', async () => {
    const adapter = adapterWith();
    await Promise.all([tokenOf(adapter), tokenOf(adapter), tokenOf(adapter)]);
    clock.advance(3_299_999);
    await tokenOf(adapter);
    expect(asked.length).toBe(1);
    give = () => Promise.resolve('eyJ.two');
    clock.advance(1);
    expect(await tokenOf(adapter)).toBe('Bearer eyJ.one');
    await vi.waitFor(async () => expect(await tokenOf(adapter)).toBe('Bearer eyJ.two'));
    expect(asked.length).toBe(2);
  });

  it('asks anew after a refusal', async () => {
    const adapter = adapterWith();
    await tokenOf(adapter);
    expect(await adapter.renewCredentials?.()).toBe(false);
    give = () => Promise.resolve('eyJ.two');
    expect(await adapter.renewCredentials?.()).toBe(true);
    expect(await tokenOf(adapter)).toBe('Bearer eyJ.two');
  });

  it('asks through its proxy', async () => {
    await tokenOf(adapterWith({ proxyUrl: 'http://u:p%40@proxy.example:3128' }));
    const proxyOptions = { host: 'http://proxy.example', port: 3128, username: 'u', password: 'p@' };
    expect(asked).toEqual([['https://ai.azure.com/.default', { proxyOptions }]]);
  });

  it.each([
    ['nobody is logged in', () => Promise.reject(new Error('AADSTS: long story'))],
    ['nothing is given', () => Promise.resolve(undefined)],
  ])('says what to do when %s', async (_what, nothing) => {
    give = nothing;
    const failed = tokenOf(adapterWith());
    await expect(failed).rejects.toThrow(CredentialError);
    await expect(failed).rejects.toThrow(/^no Azure credentials: give the provider a key .*az login/);
  });

  it('gives up after ten seconds', async () => {
    give = () => new Promise(() => undefined);
    const failed = tokenOf(adapterWith());
    failed.catch(() => undefined);
    await vi.waitFor(() => expect(asked.length).toBe(1));
    clock.advance(10_000);
    await expect(failed).rejects.toThrow(/no token within 10000 ms/);
  });

  it('has the official library behind it', async () => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    expect(new DefaultAzureCredential({}).getToken).toBeInstanceOf(Function);
  });
});

describe('an Azure entry with a key', () => {
  it('never asks Entra ID, not even for a probe without the key', async () => {
    const adapter = adapterWith({ keys: [oneKey] });
    expect(await tokenOf(adapter)).toBeUndefined();
    await adapter.buildProbe(destinationOf(call));
    expect(await adapter.renewCredentials?.()).toBe(false);
    expect(asked).toEqual([]);
  });
});
