import { afterEach, describe, expect, it } from 'vitest';
import type { Clock, Timer } from '../../../relay-core/ports.ts';
import { type BreakerState, CircuitBreaker } from '../../../relay-core/resilience/circuit-breaker.ts';
import { systemClock } from '../../../relay-core/system-ports.ts';
import { createDispatcher } from '../../../relay-core/upstreams/dispatcher.ts';
import { HealthProbes } from '../../../relay-core/upstreams/health-probes.ts';
import type { Upstream } from '../../../relay-core/upstreams/upstream.ts';
import { answer, errorAnswer, type Script, ScriptedUpstream } from '../../support/scripted-upstream.ts';
import { keyConfig } from '../keys/key-config.ts';
import { breakerSettings, fakeUpstream, openBreaker } from './fake-upstream.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const listed = answer(200, '{"data":[]}');
const intervalMs = 5;

/** Lets whatever an answer has set going come to rest. */
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** The system's clock, with the timers that run; `onEnd` is called when one has ended. */
const watchedClock = (onEnd: () => void) => {
  const timers = new Set<Timer>();
  const clock: Clock = {
    ...systemClock,
    startTimer: (durationMs, onFire) => {
      const timer = systemClock.startTimer(durationMs, () => {
        timers.delete(watched);
        onFire();
        onEnd();
      });
      const watched: Timer = {
        refresh: () => timer.refresh(),
        cancel: () => {
          timers.delete(watched);
          timer.cancel();
          onEnd();
        },
      };
      timers.add(watched);
      return watched;
    },
  };
  return { clock, timers };
};

type SetUp = { readonly script?: Script; readonly isEnabled?: boolean; readonly keyIds?: readonly string[] };

/** An upstream on loopback whose breaker is followed, as the relay does it. */
const open = async ({ script = listed, isEnabled = true, keyIds = ['a'] }: SetUp = {}) => {
  const server = await ScriptedUpstream.start(script);
  const { url: origin, port } = server;
  const dispatcher = createDispatcher({ origin, proxyUrl: undefined, connectMs: 1000, env: {} });
  const probed: boolean[] = [];
  const states: BreakerState['kind'][] = [];
  const waiters: (() => void)[] = [];
  const wake = () => {
    for (const waiter of waiters.splice(0)) waiter();
  };
  const { clock, timers } = watchedClock(wake);
  const probes = new HealthProbes({
    clock,
    find: () => upstream,
    settings: () => ({ isEnabled, intervalMs }),
    onProbed: (_upstream, isReachable) => {
      probed.push(isReachable);
      wake();
    },
  });
  const breaker = new CircuitBreaker(breakerSettings, clock, (state) => {
    states.push(state.kind);
    probes.follow('u');
    wake();
  });
  const upstream: Upstream = fakeUpstream('u', {
    ...{ clock, origin, dispatcher, breaker, keys: keyIds.map((keyId) => keyConfig(keyId)) },
  });
  closers.push(
    () => probes.close(),
    () => dispatcher.destroy(),
    () => server.stop(),
  );
  const until = async (isDone: () => boolean) => {
    while (!isDone()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  return { server, port, upstream, breaker, probes, probed, states, timers, clock, until };
};

describe('health probes', () => {
  it('ask nothing while the breaker is closed, half-open or held open by hand', async () => {
    const { server, upstream, breaker, probes, timers } = await open();
    probes.follow('u');
    breaker.isolate();
    expect(timers.size).toBe(0);
    breaker.reset();
    openBreaker(upstream, 'connection-failure');
    expect(timers.size).toBe(1);
    breaker.invite();
    expect(breaker.state.kind).toBe('half-open');
    expect(timers.size).toBe(0);
    expect(server.requests).toHaveLength(0);
  });

  it('half-open the breaker at once when the upstream was only unreachable', async () => {
    const { server, upstream, breaker, probed, states, timers, until } = await open();
    openBreaker(upstream, 'connection-failure');
    await until(() => states.includes('half-open'));
    expect(breaker.state).toEqual({ kind: 'half-open', successes: 0, isProbing: false });
    expect(probed).toEqual([true]);
    expect(server.requests).toMatchObject([{ method: 'GET', url: '/v1/models?limit=1' }]);
    expect(timers.size).toBe(0);
  });

  it.each([401, 404, 429, 500, 529])('take any answer as a sign of life: %i', async (status) => {
    const { upstream, states, until } = await open({ script: errorAnswer(status, 'api_error') });
    openBreaker(upstream, 'connection-failure');
    await until(() => states.includes('half-open'));
    expect(states).toEqual(['open', 'half-open']);
  });

  it('go on asking, but leave a breaker open that failures of another kind opened', async () => {
    const { server, upstream, breaker, probed, until } = await open();
    openBreaker(upstream, 'failure');
    await until(() => probed.length >= 4);
    expect(breaker.state.kind).toBe('open');
    expect(probed.every((isReachable) => isReachable)).toBe(true);
    expect(server.requests.length).toBeGreaterThanOrEqual(4);
  });

  it('go on asking while nobody is there', async () => {
    const { server, upstream, breaker, probed, until } = await open();
    await server.stop();
    closers.pop();
    openBreaker(upstream, 'connection-failure');
    await until(() => probed.length >= 3);
    expect(probed).not.toContain(true);
    expect(breaker.state.kind).toBe('open');
  });

  it('end when the breaker is reset, an answer under way included', async () => {
    const release = Promise.withResolvers<void>();
    const { server, upstream, breaker, probed, timers, until } = await open({
      script: async (response, request) => {
        await release.promise;
        await listed(response, request);
      },
    });
    openBreaker(upstream, 'connection-failure');
    await server.until(() => server.requests.length === 1);
    breaker.reset();
    release.resolve();
    await until(() => timers.size === 0);
    await nextTurn();
    expect(probed).toEqual([]);
    expect(breaker.state.kind).toBe('closed');
    expect(timers.size).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it('never overlap, however long an answer takes', async () => {
    let running = 0;
    let most = 0;
    const { server, upstream, probed, until } = await open({
      script: async (response, request) => {
        running += 1;
        most = Math.max(most, running);
        // Several intervals long.
        for (let turn = 0; turn < 4; turn += 1)
          await new Promise<void>((resolve) => void systemClock.startTimer(intervalMs, resolve));
        running -= 1;
        await listed(response, request);
      },
    });
    openBreaker(upstream, 'failure');
    await until(() => probed.length >= 4);
    expect(most).toBe(1);
    expect(server.requests.length - probed.length).toBeLessThanOrEqual(1);
  });

  it('never run twice for one upstream, however often it is followed', async () => {
    const { upstream, probes, timers } = await open();
    openBreaker(upstream, 'failure');
    for (let count = 0; count < 5; count += 1) probes.follow('u');
    expect(timers.size).toBe(1);
  });

  it('stop at close: no timer is left and an answer under way is nobody’s', async () => {
    const release = Promise.withResolvers<void>();
    const { server, upstream, breaker, probes, probed, timers, until } = await open({
      script: async (response, request) => {
        await release.promise;
        await listed(response, request);
      },
    });
    openBreaker(upstream, 'connection-failure');
    await server.until(() => server.requests.length === 1);
    probes.close();
    release.resolve();
    await until(() => timers.size === 0);
    await nextTurn();
    expect(probed).toEqual([]);
    expect(breaker.state.kind).toBe('open');
    expect(timers.size).toBe(0);
  });

  it('do not begin when they are switched off', async () => {
    const { upstream, timers } = await open({ isEnabled: false });
    openBreaker(upstream, 'connection-failure');
    expect(timers.size).toBe(0);
  });

  it('show a key that neither rests nor is retired, or none', async () => {
    const { server, upstream, clock, probed, until } = await open({ keyIds: ['a', 'b'] });
    const [a, b] = upstream.keys.keys;
    a?.retire();
    openBreaker(upstream, 'failure');
    await until(() => probed.length === 1);
    b?.coolDown(60_000, 'rate-limited', clock.monotonic());
    await until(() => probed.length === 3);
    const shown = server.requests.slice(0, 3).map(({ headers }) => headers['x-api-key']);
    expect(shown[0]).toBe('dummy-b');
    expect(shown[2]).toBeUndefined();
  });
});
