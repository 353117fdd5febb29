import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import { type StartedRelay, startRelay } from '../support/start-relay.ts';

/** A variable as it stands in a configuration. */
const unsetVariable = ['$', '{UNSET_KEY}'].join('');

let relay: StartedRelay;

beforeEach(async () => {
  relay = await startRelay({
    file: {
      providers: [
        { name: 'anthropic', type: 'anthropic', enabled: true, models: ['claude-opus-5-5', 'house-model'] },
        { name: 'keyed', type: 'anthropic', enabled: true, keys: [{ key: unsetVariable }] },
        { name: 'off', type: 'anthropic', enabled: false },
      ],
    },
  });
});
afterEach(() => relay.stop());

const get = (path: string, method = 'GET') => call(relay.url, { method, path });

describe('the small endpoints', () => {
  it.each(['/', '/api/hello', '/health', '/v1/models'])(
    'answer HEAD %s with 200 and no body',
    async (path) => {
      const seen = await get(path, 'HEAD');
      expect(seen.status).toBe(200);
      expect(seen.text).toBe('');
    },
  );

  it('tell whoever opens the address in a browser what it is', async () => {
    expect((await get('/')).text).toContain('CC-Relay is running');
  });

  it('reveal nothing at /health', async () => {
    expect((await get('/health')).text).toBe('{"status":"ok"}');
  });

  it('list configured models in Anthropic’s shape, unknown ones with the epoch as their date', async () => {
    const page = JSON.parse((await get('/v1/models?limit=1000')).text);
    expect(page).toMatchObject({ has_more: false, first_id: 'claude-opus-5-5' });
    expect(page.data).toContainEqual({
      type: 'model',
      id: 'house-model',
      display_name: 'house-model',
      created_at: '1970-01-01T00:00:00Z',
    });
  });

  it('list enabled providers, and why one is out of service', async () => {
    const { object, data } = JSON.parse((await get('/v1/providers')).text);
    expect(object).toBe('list');
    expect(data).toMatchObject([
      { name: 'anthropic', active: true, models: ['claude-opus-5-5', 'house-model'] },
      { name: 'keyed', active: false, reason: expect.stringContaining('UNSET_KEY') },
    ]);
  });
});
