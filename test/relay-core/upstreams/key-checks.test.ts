import { afterEach, describe, expect, it } from 'vitest';
import type { PooledKey } from '../../../relay-core/keys/pooled-key.ts';
import { systemClock } from '../../../relay-core/system-ports.ts';
import { createDispatcher } from '../../../relay-core/upstreams/dispatcher.ts';
import { checkKey } from '../../../relay-core/upstreams/key-checks.ts';
import { answer, errorAnswer, type Script, ScriptedUpstream } from '../../support/scripted-upstream.ts';
import { keyConfig } from '../keys/key-config.ts';
import { fakeUpstream } from './fake-upstream.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const refused = errorAnswer(401, 'authentication_error');
const listed = answer(200, '{"data":[]}');

const open = async (script: Script) => {
  const server = await ScriptedUpstream.start(script);
  const dispatcher = createDispatcher({ origin: server.url, proxyUrl: undefined, connectMs: 1000, env: {} });
  closers.push(
    () => dispatcher.destroy(),
    () => server.stop(),
  );
  const keys = [keyConfig('a'), keyConfig('b')];
  const upstream = fakeUpstream('u', { clock: systemClock, origin: server.url, dispatcher, keys });
  const [key] = upstream.keys.keys;
  if (key === undefined) throw new Error('no key');
  return { server, upstream, key, check: () => checkKey(upstream, key, systemClock) };
};

const standing = (key: PooledKey) => key.standing(systemClock.monotonic());

describe('a key refused with 401', () => {
  it('is retired when a second refusal confirms it; its siblings are not asked', async () => {
    const { server, upstream, key, check } = await open(refused);
    const verdict = check();
    expect(standing(key)).toEqual({ kind: 'checking' });
    expect(await verdict).toBe('retired');
    expect(standing(key)).toEqual({ kind: 'retired' });
    expect(upstream.keys.availableCount(systemClock.monotonic())).toBe(1);
    expect(server.requests.map(({ headers }) => headers['x-api-key'])).toEqual(['dummy-a']);
  });

  it('is asked about with something that costs nothing', async () => {
    const { server, check } = await open(listed);
    await check();
    expect(server.requests).toMatchObject([{ method: 'GET', url: '/v1/models?limit=1' }]);
    expect(server.requests[0]?.body).toHaveLength(0);
  });

  it.each<[string, Script]>([
    ['is accepted now', listed],
    ['is forbidden the list', errorAnswer(403, 'permission_error')],
    ['meets a rate limit', errorAnswer(429, 'rate_limit_error')],
    ['meets an overload', errorAnswer(529, 'overloaded_error')],
    ['is cut off', (response) => response.destroy()],
  ])('rests for 30 s as a last resort when it %s', async (_what, script) => {
    const { key, check } = await open(script);
    expect(await check()).toBe('cooling');
    const nowMs = systemClock.monotonic();
    expect(standing(key)).toMatchObject({ kind: 'cooling', reason: 'unauthorized' });
    expect(key.cooldownMs(nowMs)).toBeGreaterThan(29_000);
    expect(key.cooldownMs(nowMs)).toBeLessThanOrEqual(30_000);
    expect(key.availability('opus', { input: 0, output: 0 }, nowMs)).toEqual({ kind: 'last-resort' });
  });

  it('rests too when nobody is there to ask', async () => {
    const { server, key, check } = await open(listed);
    await server.stop();
    closers.pop();
    expect(await check()).toBe('cooling');
    expect(standing(key)).toMatchObject({ kind: 'cooling', reason: 'unauthorized' });
  });

  it('is checked once however many requests were refused at the same time, and no more once it is retired', async () => {
    const { server, check } = await open(refused);
    expect(await Promise.all([check(), check(), check()])).toEqual(['retired', undefined, undefined]);
    expect(await check()).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Script]>([
    ['confirmed', refused],
    ['unclear', listed],
  ])('stays in service when it is restored by hand before the check is back: %s', async (_what, script) => {
    const asked = Promise.withResolvers<void>();
    const restored = Promise.withResolvers<void>();
    const { key, check } = await open(async (response, request) => {
      asked.resolve();
      await restored.promise;
      await script(response, request);
    });
    const verdict = check();
    await asked.promise;
    key.restore();
    restored.resolve();
    expect(await verdict).toBeUndefined();
    expect(standing(key)).toEqual({ kind: 'ready' });
  });

  it('may be checked again after it was restored', async () => {
    const { server, key, check } = await open(refused);
    await check();
    key.restore();
    server.always(listed);
    expect(await check()).toBe('cooling');
  });
});
