import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../../relay-core/pipeline/attempt.ts';
import { type Level, Round } from '../../../relay-core/pipeline/round.ts';
import type { Credential } from '../../../relay-core/providers/provider.ts';
import type { Candidate } from '../../../relay-core/routing/candidates.ts';
import { type Fleet, fleets, isUsable, type KeyState, openFleet, type UpstreamState } from './fleet.ts';

const everyKeyState: readonly KeyState[] = [
  ...(['ready', 'ready', 'ready', 'cooling', 'short'] as const),
  ...(['quota', 'forbidden', 'checking', 'retired'] as const),
];

type RoundFacts = {
  readonly maxAttempts?: number;
  readonly candidates?: readonly Candidate[];
  readonly lastResorts?: Set<Credential>;
};

const roundOf = (fleet: Fleet, facts: RoundFacts = {}) => {
  const { admission, cooldowns, clock } = fleet;
  const { maxAttempts = 8, candidates = fleet.candidates, lastResorts = new Set() } = facts;
  return new Round(candidates, { admission, cooldowns, clock, bodyBytes: 0, maxAttempts, lastResorts });
};

const pickNow = (round: Round, level: Level): Target | undefined => {
  const picked = round.pick(level);
  return picked.kind === 'taken' ? picked.value : undefined;
};

/** Whom the pipeline would try next, were nobody willing to wait. */
const nextNow = (round: Round): Target | undefined =>
  pickNow(round, 'healthy') ?? pickNow(round, 'resting') ?? pickNow(round, 'last-resort');

type Step = 'next-key' | 'next-upstream' | 'give-up';

type Tried = { readonly target: Target; readonly step: Step };

/** Fails target after target, each as the next of `steps` says, until nobody is left or it is given up. */
const failAll = (round: Round, steps: readonly Step[]): readonly Tried[] => {
  const tried: Tried[] = [];
  for (;;) {
    const target = nextNow(round);
    if (target === undefined) return tried;
    const step = steps[tried.length % steps.length] ?? 'next-key';
    tried.push({ target, step });
    target.permission.report(step === 'next-key' ? 'neutral' : 'failure');
    target.permit.end('nothing');
    if (step === 'give-up') return tried;
    if (step === 'next-upstream') round.close(target.candidate);
  }
};

const stepsOf = (...all: readonly Step[]) =>
  fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 9 });
const anySteps = stepsOf('next-key', 'next-key', 'next-upstream', 'next-upstream', 'give-up');
const bounds = fc.integer({ min: 1, max: 12 });

const hasUsableKey = ({ keys, breaker }: UpstreamState): boolean =>
  breaker !== 'isolated' && keys.some(isUsable);

describe('a round over any candidates, with any failures', () => {
  it('tries no target twice', () => {
    fc.assert(
      fc.property(fleets(everyKeyState), bounds, anySteps, (states, maxAttempts, steps) => {
        const fleet = openFleet(states);
        const tried = failAll(roundOf(fleet, { maxAttempts }), steps);
        expect(new Set(tried.map(({ target }) => target.key?.config.keyId)).size).toBe(tried.length);
      }),
    );
  });

  it('gives every candidate with a usable key at least one attempt, unless it was given up', () => {
    fc.assert(
      fc.property(fleets(everyKeyState), bounds, anySteps, (states, maxAttempts, steps) => {
        const tried = failAll(roundOf(openFleet(states), { maxAttempts }), steps);
        if (tried.at(-1)?.step === 'give-up') return;
        const names = new Set(tried.map(({ target }) => target.upstream.config.name));
        for (const [index, state] of states.entries())
          if (hasUsableKey(state)) expect(names).toContain(`u${index}`);
      }),
    );
  });

  it('makes no more attempts than max_attempts, or one for each candidate where those are more', () => {
    fc.assert(
      fc.property(fleets(everyKeyState), bounds, anySteps, (states, maxAttempts, steps) => {
        const tried = failAll(roundOf(openFleet(states), { maxAttempts }), steps);
        expect(tried.length).toBeLessThanOrEqual(Math.max(maxAttempts, states.length));
      }),
    );
  });

  it('uses up max_attempts while there are keys left', () => {
    fc.assert(
      fc.property(fleets(['ready']), bounds, (states, maxAttempts) => {
        const inService = states.map((state) => ({ ...state, breaker: 'closed' as const }));
        const tried = failAll(roundOf(openFleet(inService), { maxAttempts }), ['next-key']);
        const keyCount = inService.reduce((sum, { keys }) => sum + keys.length, 0);
        expect(tried).toHaveLength(Math.min(keyCount, Math.max(maxAttempts, inService.length)));
      }),
    );
  });

  it('never calls a target the last one behind which another is tried, but for last resorts', () => {
    const states = fleets(everyKeyState.filter((state) => state !== 'quota' && state !== 'forbidden'));
    fc.assert(
      fc.property(states, bounds, anySteps, (states, maxAttempts, steps) => {
        const tried = failAll(roundOf(openFleet(states), { maxAttempts }), steps);
        for (const { target } of tried.slice(0, -1)) expect(target.isLast).toBe(false);
      }),
    );
  });

  it('calls the last possible target the last one', () => {
    const states = fleets(['ready', 'ready', 'quota', 'forbidden', 'retired']);
    fc.assert(
      fc.property(states, bounds, stepsOf('next-key', 'next-upstream'), (states, maxAttempts, steps) => {
        const tried = failAll(roundOf(openFleet(states), { maxAttempts }), steps);
        const [last] = tried.slice(-1);
        // After next-upstream its own further keys would still have been possible.
        if (last?.step === 'next-key') expect(last.target.isLast).toBe(true);
      }),
    );
  });

  it('ends every permit and every permission exactly once when each attempt ends its own', () => {
    fc.assert(
      fc.property(fleets(everyKeyState), bounds, anySteps, (states, maxAttempts, steps) => {
        const fleet = openFleet(states);
        const tried = failAll(roundOf(fleet, { maxAttempts }), steps);
        expect(fleet.inFlight().every((count) => count === 0)).toBe(true);
        const heard = fleet.breakers.flatMap((breaker) => breaker.heard);
        expect(heard).toHaveLength(tried.length);
        for (const reports of heard) expect(reports).toHaveLength(1);
      }),
    );
  });

  it('takes nothing when it says what it waits for', () => {
    fc.assert(
      fc.property(fleets(['cooling', 'short', 'checking', 'quota']), (states) => {
        const fleet = openFleet(states);
        for (const level of ['healthy', 'resting'] as const) {
          const picked = roundOf(fleet).pick(level);
          if (picked.kind === 'taken') expect(picked.value).toBeUndefined();
          else expect(picked.on.length).toBeGreaterThan(0);
        }
        expect(fleet.inFlight().every((count) => count === 0)).toBe(true);
        expect(fleet.breakers.flatMap((breaker) => breaker.heard)).toEqual([]);
      }),
    );
  });
});

const closed = (...keys: readonly KeyState[]): UpstreamState => ({ keys, breaker: 'closed' });

const namesTried = (tried: readonly Tried[]) => tried.map(({ target }) => target.key?.config.keyId);

describe('a round', () => {
  it('tries the next key of the same upstream after a key’s failure, the next upstream after another', () => {
    const states = [closed('ready', 'ready', 'ready'), closed('ready', 'ready')];
    const steps = ['next-key', 'next-upstream', 'next-key', 'next-key'] as const;
    expect(namesTried(failAll(roundOf(openFleet(states)), steps))).toEqual(['0-0', '0-1', '1-0', '1-1']);
  });

  it('leaves room under max_attempts for those who had none', () => {
    const states = [closed('ready', 'ready', 'ready'), closed('ready', 'ready'), closed('ready')];
    expect(namesTried(failAll(roundOf(openFleet(states), { maxAttempts: 4 }), ['next-key']))).toEqual([
      '0-0',
      '0-1',
      '1-0',
      '2-0',
    ]);
    expect(namesTried(failAll(roundOf(openFleet(states), { maxAttempts: 1 }), ['next-key']))).toEqual([
      '0-0',
      '1-0',
      '2-0',
    ]);
  });

  it('prefers those whose breaker gives leave; of the others the one left alone longest comes first', () => {
    const fleet = openFleet([closed('ready'), closed('ready'), closed('ready')]);
    const [first, second] = fleet.candidates;
    for (const candidate of [second, first]) {
      while (candidate?.upstream.breaker.state.kind === 'closed')
        candidate.upstream.breaker.tryAcquire()?.report('failure');
      fleet.clock.advance(10);
    }
    expect(namesTried(failAll(roundOf(fleet), ['next-upstream']))).toEqual(['2-0', '1-0', '0-0']);
  });

  it('has nobody when all are held open by hand', () => {
    const fleet = openFleet([{ keys: ['ready'], breaker: 'isolated' }]);
    for (const level of ['healthy', 'resting', 'last-resort'] as const)
      expect(roundOf(fleet).pick(level)).toEqual({ kind: 'taken', value: undefined });
  });

  it('waits for the key that is free first, on all that would do', () => {
    const fleet = openFleet([closed('cooling', 'checking'), closed('cooling')]);
    const keys = fleet.candidates.flatMap(({ upstream }) => upstream.keys.keys);
    fleet.clock.advance(1000);
    keys[2]?.restore();
    keys[2]?.coolDown(7000, 'rate-limited', fleet.clock.monotonic());
    expect(roundOf(fleet).pick('healthy')).toEqual({ kind: 'blocked', on: keys, waitMs: 7000 });
  });

  it('asks what rests for the user’s sake only on the last level, and each once in all rounds', () => {
    const fleet = openFleet([closed('quota'), closed('retired'), closed('forbidden', 'quota')]);
    const lastResorts = new Set<Credential>();
    const round = roundOf(fleet, { lastResorts });
    expect(pickNow(round, 'healthy')).toBeUndefined();
    expect(pickNow(round, 'resting')).toBeUndefined();
    expect(namesTried(failAll(round, ['next-key']))).toEqual(['0-0', '2-0']);
    expect(namesTried(failAll(roundOf(fleet, { lastResorts }), ['next-key']))).toEqual(['2-1']);
    expect(failAll(roundOf(fleet, { lastResorts }), ['next-key'])).toEqual([]);
    expect(namesTried(failAll(roundOf(fleet), ['next-key']))).toEqual(['0-0', '2-0']);
  });

  it('asks no last resort of an upstream that has had its attempt', () => {
    const fleet = openFleet([closed('ready', 'quota')]);
    expect(namesTried(failAll(roundOf(fleet), ['next-key']))).toEqual(['0-0']);
  });

  it('does not call a target the last one while another upstream’s last resort is still to be asked', () => {
    const fleet = openFleet([closed('ready'), closed('quota')]);
    const tried = failAll(roundOf(fleet), ['next-upstream']);
    expect(namesTried(tried)).toEqual(['0-0', '1-0']);
    expect(tried.map(({ target }) => target.isLast)).toEqual([false, true]);
  });

  it('passes over the client’s own credential while it rests, and does not count it as somebody left', () => {
    const fleet = openFleet([closed('ready')]);
    const [candidate] = fleet.candidates;
    if (candidate === undefined) throw new Error('no candidate');
    const own: Credential = { kind: 'pass-through', headers: ['authorization', 'Bearer dummy'] };
    const both = [{ ...candidate, credentials: [own, ...candidate.credentials] }];
    expect(pickNow(roundOf(fleet, { candidates: both }), 'healthy')?.credential).toBe(own);
    fleet.cooldowns.coolDown(own.headers, 1000);
    const target = pickNow(roundOf(fleet, { candidates: both }), 'healthy');
    expect(target?.credential.kind).toBe('key');
    expect(target?.isLast).toBe(true);
    const alone = roundOf(fleet, { candidates: [{ ...candidate, credentials: [own] }] });
    expect(pickNow(alone, 'healthy')).toBeUndefined();
    expect(pickNow(alone, 'last-resort')?.credential).toBe(own);
  });

  it('lets key strategies take turns by what it really tries', () => {
    const fleet = openFleet([closed('ready', 'ready')]);
    pickNow(roundOf(fleet), 'healthy')?.permit.end('nothing');
    const [candidate] = fleet.candidates;
    const order = candidate?.upstream.keys.order(fleet.clock.monotonic());
    expect(order).toMatchObject([{ keyId: '0-1' }, { keyId: '0-0' }]);
  });

  it('keeps to max_concurrent on the last level too', () => {
    const fleet = openFleet([closed('quota')], { maxConcurrent: 1 });
    const [candidate] = fleet.candidates;
    for (let count = 0; count < 3; count += 1) pickNow(roundOf(fleet), 'last-resort');
    expect(candidate?.upstream.slots.inFlight).toBe(1);
  });
});
