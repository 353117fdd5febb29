import fc from 'fast-check';
import type { Dispatcher } from 'undici';
import { Admission } from '../../../relay-core/keys/admission.ts';
import { CredentialCooldowns } from '../../../relay-core/keys/credential-cooldowns.ts';
import type { PooledKey } from '../../../relay-core/keys/pooled-key.ts';
import type { Candidate } from '../../../relay-core/routing/candidates.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { keyConfig } from '../keys/key-config.ts';
import { CountingBreaker } from '../resilience/counting-breaker.ts';
import { fakeUpstream, openBreaker } from '../upstreams/fake-upstream.ts';

export const model = 'claude-opus-4';

/** How a key stands when a round begins. `short`: its limit of requests is used up for a minute. */
export type KeyState = 'ready' | 'cooling' | 'short' | 'quota' | 'forbidden' | 'checking' | 'retired';

/** How a breaker stands when a round begins. `due`: open, and its time is over. */
type BreakerStart = 'closed' | 'open' | 'due' | 'half-open' | 'isolated';

export type UpstreamState = { readonly keys: readonly KeyState[]; readonly breaker: BreakerStart };

/** A key in this state may be used at once. */
export const isUsable = (state: KeyState): boolean => state === 'ready';

const minuteMs = 60_000;

const putKey = (key: PooledKey, state: KeyState, nowMs: number): void => {
  if (state === 'cooling') key.coolDown(minuteMs, 'rate-limited', nowMs);
  if (state === 'quota') key.coolDown(minuteMs, 'quota-exhausted', nowMs);
  if (state === 'forbidden') key.coolDownModel(model, minuteMs, nowMs);
  if (state === 'short') key.limits.reserve({ input: 0, output: 0 }, nowMs);
  if (state === 'checking') key.check();
  if (state === 'retired') key.retire();
};

type FleetFacts = { readonly maxConcurrent?: number; readonly dispatcher?: Dispatcher };

/** Upstreams in these states, as the candidates of one request, with everything that a round looks at. */
export const openFleet = (states: readonly UpstreamState[], facts: FleetFacts = {}) => {
  const { maxConcurrent = 0, dispatcher } = facts;
  const clock = new FakeClock();
  const openLater: (() => void)[] = [];
  const breakers: CountingBreaker[] = [];
  const candidates = states.map((state, index): Candidate => {
    const breaker = new CountingBreaker(clock);
    const keys = state.keys.map((each, place) =>
      keyConfig(`${index}-${place}`, { limits: { rpm: each === 'short' ? 1 : 0 } }),
    );
    const upstream = fakeUpstream(`u${index}`, {
      ...{ clock, keys, breaker, maxConcurrent },
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    breakers.push(breaker);
    if (state.breaker === 'isolated') breaker.isolate();
    if (state.breaker === 'due' || state.breaker === 'half-open') openBreaker(upstream);
    if (state.breaker === 'open') openLater.push(() => openBreaker(upstream));
    return { upstream, model, credentials: upstream.keys.order(clock.monotonic()) };
  });
  clock.advance(30_000);
  for (const open of openLater) open();
  const elsewhere = candidates.map(({ upstream }, index) =>
    states[index]?.breaker === 'half-open' ? upstream.breaker.tryAcquire() : undefined,
  );
  for (const [index, { upstream }] of candidates.entries())
    for (const [place, key] of upstream.keys.keys.entries())
      putKey(key, states[index]?.keys[place] ?? 'ready', clock.monotonic());
  for (const { heard } of breakers) heard.length = 0;
  return {
    ...{ clock, candidates, breakers, elsewhere },
    admission: new Admission({ maxConcurrent: 0, queueTimeoutMs: minuteMs }, clock),
    cooldowns: new CredentialCooldowns(clock),
    /** What runs now, counted on the upstreams and on their keys. */
    inFlight: () =>
      candidates.flatMap(({ upstream }) => [
        upstream.slots.inFlight,
        ...upstream.keys.keys.map(({ slots }) => slots.inFlight),
      ]),
  };
};

export type Fleet = ReturnType<typeof openFleet>;

/** Random upstreams: one to five, each with one to four keys. */
export const fleets = (keyStates: readonly KeyState[]) =>
  fc.array(
    fc.record({
      keys: fc.array(fc.constantFrom(...keyStates), { minLength: 1, maxLength: 4 }),
      breaker: fc.constantFrom<BreakerStart>('closed', 'closed', 'open', 'due', 'half-open', 'isolated'),
    }),
    { minLength: 1, maxLength: 5 },
  );
