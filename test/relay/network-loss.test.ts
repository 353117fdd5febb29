import { afterEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import { ScriptedUpstream, streamAnswer, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let relay: StartedRelay;
const opened: ScriptedUpstream[] = [];

afterEach(async () => {
  await relay.stop();
  for (const upstream of opened.splice(0)) await upstream.stop();
});

const openUpstream = async (): Promise<ScriptedUpstream> => {
  const upstream = await ScriptedUpstream.start();
  opened.push(upstream);
  return upstream;
};

/** An address where nobody listens any more. */
const deadUrl = async (): Promise<string> => {
  const upstream = await ScriptedUpstream.start();
  const { url } = upstream;
  await upstream.stop();
  return url;
};

const open = async (urls: readonly string[], health: Record<string, unknown> = {}): Promise<void> => {
  relay = await startRelay({
    file: {
      routing: { debug: true, patience_ms: 0 },
      health: { circuit_breaker: { failure_threshold: 3, open_duration_ms: 60_000 }, ...health },
      providers: urls.map((url, index) => providerAt(url, { name: `number-${index}`, priority: 9 - index })),
    },
  });
};

const changes = () =>
  relay.events.flatMap((event) => (event.kind === 'breaker-changed' ? [event.state] : []));

describe('the local network', () => {
  it('when every provider is unreachable at once, no circuit breaker opens', async () => {
    await open([await deadUrl(), await deadUrl()]);
    for (let count = 0; count < 8; count += 1) expect((await call(relay.url)).status).toBe(502);
    expect(changes()).toEqual([]);
    expect(relay.events.filter(({ kind }) => kind === 'network-lost').length).toBeGreaterThan(0);
  });

  it('is not to blame when another provider answers: the dead one’s breaker opens at once', async () => {
    const well = await openUpstream();
    await open([await deadUrl(), well.url]);
    for (let count = 0; count < 3; count += 1)
      expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('number-1');
    expect(changes()).toEqual(['open']);
  });

  it('is not to blame with a single provider', async () => {
    await open([await deadUrl()]);
    for (let count = 0; count < 3; count += 1) await call(relay.url);
    expect(changes()).toEqual(['open']);
  });

  it('that drops many streams at once counts once against their provider', async () => {
    const upstream = await openUpstream();
    await open([upstream.url]);
    const [start, ...rest] = [streamEvents().slice(0, 4).join(''), ''];
    const breaks: (() => void)[] = [];
    upstream.always((response, request) => {
      breaks.push(() => response.socket?.resetAndDestroy());
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(start);
      return [request, rest];
    });
    const body = smallBody({ stream: true });
    let begun = 0;
    const allBegun = Promise.withResolvers<void>();
    const streams = Array.from({ length: 10 }, () => {
      let isCounted = false;
      return call(relay.url, {
        body,
        onText: () => {
          if (isCounted) return;
          isCounted = true;
          begun += 1;
          if (begun === 10) allBegun.resolve();
        },
      });
    });
    await allBegun.promise;
    for (const each of breaks) each();
    expect((await Promise.all(streams)).every(({ isWhole }) => !isWhole)).toBe(true);
    expect(changes()).toEqual([]);
    upstream.always(streamAnswer(streamEvents().slice(0, 4)));
    for (let count = 0; count < 2; count += 1) await call(relay.url, { body });
    expect(changes()).toEqual(['open']);
  });

  it('that has changed excuses what failed on the old one', async () => {
    const upstream = await openUpstream();
    await open([upstream.url]);
    upstream.always((response) => {
      relay.relay.control.noteNetworkChange();
      response.socket?.destroy();
    });
    for (let count = 0; count < 6; count += 1) expect((await call(relay.url)).status).toBe(502);
    // What was under way when it changed is excused, an unreachable provider as much as a silent one.
    expect(changes()).toEqual([]);
  });
});

describe('probes', () => {
  it('find out at once that an unreachable provider is back', async () => {
    const well = await openUpstream();
    const first = await ScriptedUpstream.start();
    const { port, url } = first;
    await first.stop();
    await open([url, well.url], { health_check: { interval_ms: 1000 } });
    for (let count = 0; count < 3; count += 1) await call(relay.url);
    expect(changes()).toEqual(['open']);
    const back = await ScriptedUpstream.start(undefined, port);
    opened.push(back);
    const { isReachable } = await relay.waitFor('upstream-probed');
    expect(isReachable).toBe(true);
    expect(changes()).toEqual(['open', 'half-open']);
    for (let count = 0; count < 3; count += 1)
      expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('number-0');
    expect(changes()).toEqual(['open', 'half-open', 'closed']);
    expect(back.requests[0]).toMatchObject({ method: 'GET', url: '/v1/models?limit=1' });
  });

  it('ask only providers whose breaker is open, and nobody when switched off', async () => {
    const upstream = await openUpstream();
    await open([upstream.url], { health_check: { enabled: false, interval_ms: 1000 } });
    await call(relay.url);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('by hand', () => {
  it('a provider is isolated, and back after a reset', async () => {
    const [first, second] = [await openUpstream(), await openUpstream()];
    await open([first.url, second.url]);
    expect(relay.relay.control.isolate('number-0')).toBe(true);
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('number-1');
    relay.relay.control.isolate('number-1');
    const seen = await call(relay.url);
    expect([seen.status, seen.headers['x-should-retry']]).toEqual([503, 'false']);
    expect(seen.text).toContain('number-0 is held open by hand');
    relay.relay.control.resetBreaker('number-0');
    expect((await call(relay.url)).headers['x-cc-relay-provider']).toBe('number-0');
    expect(relay.relay.control.resetBreaker('nobody')).toBe(false);
  });
});
