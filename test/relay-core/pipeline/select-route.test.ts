import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../relay-core/errors.ts';
import { type RoutePlan, type RouteQuery, selectRoute } from '../../../relay-core/pipeline/select-route.ts';
import type { MessagesCall } from '../../../relay-core/providers/provider.ts';
import { SessionAffinity } from '../../../relay-core/routing/session-affinity.ts';
import { createFailover } from '../../../relay-core/routing/strategies/failover.ts';
import { createModelBased } from '../../../relay-core/routing/strategies/model-based.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { keyConfig } from '../keys/key-config.ts';
import { fakeUpstream, openBreaker, type UpstreamFacts } from '../upstreams/fake-upstream.ts';

const model = 'claude-opus-4';
const ownHeaders = ['authorization', 'Bearer sk-ant-oat-dummy'];
const spender = { maySpendKeys: true, ownCredential: [], anthropicCredential: [] };
const both = { maySpendKeys: true, ownCredential: ownHeaders, anthropicCredential: ownHeaders };

/** As much of a request as a route depends on. */
const callFor = (model: string): MessagesCall => ({
  ...{ path: '/v1/messages', headers: [], body: Buffer.alloc(0), parsed: () => undefined },
  field: { model, start: 0, end: 0 },
});

/** Upstreams a and b with two keys each, under failover; a session that asks as often as it likes. */
const open = (facts: Omit<UpstreamFacts, 'clock'> = {}, plan: Partial<RoutePlan> = {}) => {
  const clock = new FakeClock();
  const upstreams = ['a', 'b'].map((name) =>
    fakeUpstream(name, {
      ...{ clock, keyStrategy: 'least_loaded', keys: [keyConfig(`${name}1`), keyConfig(`${name}2`)] },
      ...facts,
    }),
  );
  const affinity = new SessionAffinity(clock);
  const wholePlan: RoutePlan = { clock, strategy: createFailover(), affinity, home: 'none', ...plan };
  const ask = ({ model: asked = model, ...query }: Partial<RouteQuery> & { model?: string } = {}) => {
    const route = selectRoute(
      {
        ...{ call: callFor(asked), upstreams, outOfService: [], client: spender, subscriptionFailover: true },
        ...{ nowMs: clock.monotonic(), findSession: () => 's' },
        ...query,
      },
      wholePlan,
    );
    const order = route.candidates.map(({ upstream, credentials }) => [
      upstream.config.name,
      ...credentials.map((credential) => (credential.kind === 'key' ? credential.keyId : credential.kind)),
    ]);
    return { order: order.map((each) => each.join(' ')), isSticky: route.isSticky };
  };
  const served = (upstream: string, keyId: string | undefined) =>
    affinity.served('s', model, { upstream, keyId });
  return { clock, upstreams, affinity, ask, served };
};

const refusal = (act: () => unknown): RelayError => {
  try {
    act();
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
  throw new Error('was not refused');
};

describe('a route', () => {
  it('is the strategy’s order, with each upstream’s keys in theirs', () => {
    const { ask } = open();
    expect(ask()).toEqual({ order: ['a a1 a2', 'b b1 b2'], isSticky: false });
  });

  it('puts the session’s own upstream first, and there its own key', () => {
    const { ask, served } = open();
    served('b', 'b2');
    expect(ask()).toEqual({ order: ['b b2 b1', 'a a1 a2'], isSticky: true });
    expect(ask({ findSession: () => 'another' }).isSticky).toBe(false);
    expect(ask({ model: 'claude-haiku' }).isSticky).toBe(false);
  });

  it('holds a session on its key even where it is the strategy’s first upstream', () => {
    const { ask, served } = open();
    served('a', 'a2');
    expect(ask()).toEqual({ order: ['a a2 a1', 'b b1 b2'], isSticky: true });
  });

  it('follows the strategy when there is no session, or no affinity', () => {
    const { ask, served } = open();
    served('b', 'b2');
    expect(ask({ findSession: () => undefined })).toEqual({ order: ['a a1 a2', 'b b1 b2'], isSticky: false });
    expect(open({}, { affinity: undefined }).ask().isSticky).toBe(false);
  });

  it('does not look for the session where there is nothing to choose', () => {
    const { ask, upstreams } = open({ keys: [keyConfig('only')] });
    const findSession = () => {
      throw new Error('it was looked for');
    };
    expect(ask({ upstreams: upstreams.slice(0, 1), findSession }).order).toEqual(['a only']);
    expect(() => ask({ findSession })).toThrow('it was looked for');
  });

  it('leaves a session’s upstream that is not well in its place', () => {
    const { ask, served, upstreams } = open();
    const [, b] = upstreams;
    served('b', 'b2');
    if (b) openBreaker(b);
    expect(ask()).toEqual({ order: ['a a1 a2', 'b b1 b2'], isSticky: false });
    b?.breaker.reset();
    expect(ask().isSticky).toBe(true);
    for (const key of b?.keys.keys ?? []) key.retire();
    expect(ask()).toMatchObject({ isSticky: false });
  });

  it('returns a displaced session to its home only where there is one', () => {
    const { ask, served, clock } = open({}, { home: 'best' });
    served('b', 'b2');
    clock.advance(299_999);
    expect(ask().isSticky).toBe(true);
    clock.advance(1);
    expect(ask()).toEqual({ order: ['a a1 a2', 'b b1 b2'], isSticky: false });
  });
});

describe('the credentials of a route', () => {
  it('are the client’s own before the keys', () => {
    const { ask } = open({ passThrough: 'anthropic' });
    expect(ask({ client: both }).order).toEqual(['a pass-through a1 a2', 'b pass-through b1 b2']);
  });

  it('are the client’s own first also where a key holds the session', () => {
    const { ask, served } = open({ passThrough: 'anthropic' });
    served('b', 'b2');
    expect(ask({ client: both })).toEqual({
      ...{ order: ['b pass-through b2 b1', 'a pass-through a1 a2'], isSticky: true },
    });
    served('b', undefined);
    expect(ask({ client: both }).order[0]).toBe('b pass-through b1 b2');
  });

  it('are the client’s own only, when it may not spend keys or must not be failed over to them', () => {
    const { ask } = open({ passThrough: 'anthropic' });
    const alone = ['a pass-through', 'b pass-through'];
    expect(ask({ client: { ...both, maySpendKeys: false } }).order).toEqual(alone);
    expect(ask({ client: both, subscriptionFailover: false }).order).toEqual(alone);
  });

  it('are none for an upstream that wants none', () => {
    expect(open({ keys: [] }).ask().order).toEqual(['a none', 'b none']);
  });
});

describe('a request that nobody can serve', () => {
  const hint = (query: Partial<RouteQuery>, facts: Omit<UpstreamFacts, 'clock'> = {}) => {
    const error = refusal(() => open(facts).ask(query));
    expect(error.code).toBe('no-candidate');
    return error.message;
  };

  it('is refused with the remedy', () => {
    const keyless = { keys: [], passThrough: 'anthropic' } as const;
    const stranger = { maySpendKeys: false, ownCredential: ownHeaders, anthropicCredential: [] };
    expect(hint({ upstreams: [] })).toContain('config validate');
    expect(hint({ client: stranger })).toContain('may not pass through');
    expect(hint({ client: spender }, keyless)).toContain('log in to Claude Code');
    expect(hint({ client: { ...stranger, maySpendKeys: true } }, keyless)).toContain(
      'none that may be passed',
    );
  });

  it('is refused under model_based when neither mapping nor default names a provider in service', () => {
    const modelMapping = new Map([['claude-haiku', 'a']]);
    const strategy = createModelBased({ modelMapping, defaultProvider: undefined });
    const error = refusal(() => open({}, { strategy }).ask());
    expect(error.code).toBe('no-candidate');
    expect(error.message).toContain(model);
    const gone = createModelBased({
      modelMapping: new Map([['claude', 'gone']]),
      defaultProvider: 'gone too',
    });
    expect(refusal(() => open({}, { strategy: gone }).ask()).code).toBe('no-candidate');
    expect(open({}, { strategy }).ask({ model: 'claude-haiku-4' }).order).toEqual(['a a1 a2']);
  });
});
