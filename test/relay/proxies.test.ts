import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import { type StartedProxy, startHttpProxy, startSocksProxy } from '../support/proxies.ts';
import { messageBody, ScriptedUpstream, streamAnswer, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay | undefined;
let proxy: StartedProxy | undefined;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  await relay?.stop();
  await proxy?.stop();
  await upstream.stop();
});

describe('a provider’s proxy_url', () => {
  it.each([
    ['http', startHttpProxy],
    ['socks5', startSocksProxy],
    ['socks5h', startSocksProxy],
  ] as const)('of kind %s carries its requests, whole and streamed', async (scheme, start) => {
    proxy = await start();
    relay = await startRelay({
      file: { providers: [providerAt(upstream.url, { proxy_url: `${scheme}://127.0.0.1:${proxy.port}` })] },
    });
    expect((await call(relay.url)).text).toBe(messageBody);
    upstream.always(streamAnswer());
    expect((await call(relay.url, { body: smallBody({ stream: true }) })).text).toBe(streamEvents().join(''));
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${upstream.port}`]));
    expect(upstream.requests[0]?.headers['x-api-key']).toBe('dummy-key-0001');
  });
});

describe('the proxy variables', () => {
  it('carry requests to other hosts, unless NO_PROXY names them', async () => {
    proxy = await startHttpProxy();
    const url = `http://127.0.0.1:${proxy.port}`;
    // A name that only the proxy would be asked for: nothing here looks it up.
    const file = { routing: { patience_ms: 0 }, providers: [providerAt('http://upstream.invalid:8080')] };
    relay = await startRelay({ file, env: { HTTP_PROXY: url } });
    await call(relay.url, { headers: { 'x-stainless-timeout': '1' } });
    expect(proxy.asked).toEqual(['upstream.invalid:8080']);
    await relay.stop();
    relay = await startRelay({ file, env: { http_proxy: url, NO_PROXY: '.invalid' } });
    expect((await call(relay.url)).status).toBe(502);
    expect(proxy.asked).toHaveLength(1);
  });

  it('never carry requests to loopback', async () => {
    proxy = await startHttpProxy();
    const url = `http://127.0.0.1:${proxy.port}`;
    for (const host of ['127.0.0.1', 'localhost']) {
      relay = await startRelay({
        file: { providers: [providerAt(`http://${host}:${upstream.port}`)] },
        env: { HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url },
      });
      expect((await call(relay.url)).status).toBe(200);
      await relay.stop();
    }
    expect(proxy.asked).toEqual([]);
  });
});
