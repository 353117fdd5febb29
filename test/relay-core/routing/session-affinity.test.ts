import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AffinityPlace, SessionAffinity } from '../../../relay-core/routing/session-affinity.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { namesOf, ranked } from './ranked.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const model = 'claude-opus-4';
const [a, b, c] = ['a', 'b', 'c'];

const at = (upstream: string, keyId = `${upstream}-key`): AffinityPlace => ({ upstream, keyId });

type Asked = { home?: 'best' | 'first-chosen' | 'none'; sick?: readonly string[]; session?: string };

/** One conversation with shorthands: the strategy's order is the order of the names given. */
const converse = () => {
  const clock = new FakeClock();
  const affinity = new SessionAffinity(clock);
  const arrange = (order: string, { home = 'none', sick = [], session = 's' }: Asked = {}) => {
    const ordered = [...order].map((name) => ranked(name));
    const isWell = (candidate: (typeof ordered)[number]) => !sick.includes(candidate.upstream.config.name);
    const arrangement = affinity.arrange(session, model, { ordered, home, isWell });
    return { ...arrangement, order: namesOf(arrangement.ordered).join('') };
  };
  const served = (place: AffinityPlace, session = 's') => affinity.served(session, model, place);
  const completed = (place: AffinityPlace) => affinity.completed('s', model, place);
  const broke = (place: AffinityPlace) => affinity.broke('s', model, place);
  return { clock, affinity, arrange, served, completed, broke };
};

describe('session affinity', () => {
  it('leaves the order alone for a session it does not know', () => {
    const { arrange, affinity } = converse();
    expect(arrange('abc')).toMatchObject({ order: 'abc', keyId: undefined, isSticky: false });
    expect(affinity.size).toBe(0);
  });

  it('puts upstream and key that served the session first, the others behind in the order of the strategy', () => {
    const { arrange, served } = converse();
    served(at('c', 'c-2'));
    expect(arrange('abc')).toMatchObject({ order: 'cab', keyId: 'c-2', isSticky: true });
    expect(arrange('cba')).toMatchObject({ order: 'cba', keyId: 'c-2', isSticky: true });
  });

  it('holds each session on its own place through any interleaving, whatever the strategy says', () => {
    const session = fc.constantFrom('s1', 's2', 's3', 's4');
    const requested = fc.constantFrom('opus', 'haiku');
    const order = fc.shuffledSubarray([a, b, c, 'd'], { minLength: 4 });
    const request = fc.record({ session, requested, order, waitMs: fc.nat(30 * minuteMs) });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const clock = new FakeClock();
        const affinity = new SessionAffinity(clock);
        const places = new Map<string, { place: AffinityPlace; usedAt: number }>();
        for (const [index, { session, requested, order, waitMs }] of requests.entries()) {
          clock.advance(waitMs);
          const ordered = order.map((name) => ranked(name));
          const arrangement = affinity.arrange(session, requested, {
            ordered,
            home: 'none',
            isWell: () => true,
          });
          const key = `${session} ${requested}`;
          const held = places.get(key);
          const known = held !== undefined && clock.monotonic() - held.usedAt < hourMs ? held : undefined;
          const [first = ''] = namesOf(arrangement.ordered);
          expect(first).toBe(known?.place.upstream ?? order[0]);
          expect(arrangement.keyId).toBe(known?.place.keyId);
          expect(arrangement.isSticky).toBe(known !== undefined);
          expect(namesOf(arrangement.ordered).slice(1)).toEqual(order.filter((name) => name !== first));
          const place = known?.place ?? at(first, `key-${index}`);
          affinity.served(session, requested, place);
          affinity.completed(session, requested, place);
          places.set(key, { place, usedAt: clock.monotonic() });
        }
      }),
    );
  });

  it('keeps the models of a session apart, and sessions whose names run into their models', () => {
    const affinity = new SessionAffinity(new FakeClock());
    affinity.served('s', '1m', at('b'));
    affinity.served('s1', 'm', at('c'));
    const request = {
      ordered: [ranked('a'), ranked('b'), ranked('c')],
      home: 'none',
      isWell: () => true,
    } as const;
    expect(namesOf(affinity.arrange('s', '1m', request).ordered)[0]).toBe(b);
    expect(namesOf(affinity.arrange('s1', 'm', request).ordered)[0]).toBe(c);
    expect(affinity.arrange('s', 'm', request).isSticky).toBe(false);
  });

  it('goes to the key that served last on the same upstream', () => {
    const { arrange, served } = converse();
    served(at('b', 'b-1'));
    served(at('b', 'b-2'));
    expect(arrange('ab').keyId).toBe('b-2');
  });

  it('names no key for a place that no configured key paid for', () => {
    const { arrange, served } = converse();
    served({ upstream: 'b', keyId: undefined });
    expect(arrange('ab')).toMatchObject({ order: 'ba', keyId: undefined, isSticky: true });
  });

  it('keeps the order of the strategy while the place is sick or not among the candidates', () => {
    const { arrange, served } = converse();
    served(at('b'));
    expect(arrange('abc', { sick: [b] })).toMatchObject({ order: 'abc', keyId: undefined, isSticky: false });
    expect(arrange('ac')).toMatchObject({ order: 'ac', keyId: undefined, isSticky: false });
    expect(arrange('abc')).toMatchObject({ order: 'bac', isSticky: true });
  });

  it('names the key of a sick place that the strategy puts first, without calling that sticky', () => {
    const { arrange, served } = converse();
    served(at('b'));
    expect(arrange('bac', { sick: [b] })).toMatchObject({ order: 'bac', keyId: 'b-key', isSticky: false });
  });

  it('moves to another upstream that serves, and stays there under a strategy without a home', () => {
    const { arrange, served, clock } = converse();
    served(at('a'));
    arrange('abc', { sick: [a] });
    served(at('c'));
    clock.advance(30 * minuteMs);
    expect(arrange('abc')).toMatchObject({ order: 'cab', keyId: 'c-key', isSticky: true });
  });

  it('is not moved by arranging', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    arrange('abc', { sick: [b] });
    arrange('ac');
    clock.advance(5 * minuteMs);
    arrange('abc', { home: 'best' });
    expect(arrange('abc').order).toBe('bac');
  });
});

describe('forgetting', () => {
  it('forgets a session after an hour without use', () => {
    const { arrange, served, affinity, clock } = converse();
    served(at('b'));
    clock.advance(hourMs - 1);
    expect(arrange('ab').order).toBe('ba');
    clock.advance(hourMs - 1);
    expect(affinity.size).toBe(1);
    clock.advance(1);
    expect(affinity.size).toBe(0);
    expect(arrange('ab')).toMatchObject({ order: 'ab', isSticky: false });
  });

  it('forgets it without being asked for its size', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    clock.advance(hourMs);
    expect(arrange('ab')).toMatchObject({ order: 'ab', isSticky: false });
  });

  it.each(['arrange', 'served', 'completed', 'broke'] as const)('counts %s as use', (event) => {
    const { arrange, affinity, served, clock } = converse();
    served(at('b'));
    clock.advance(hourMs - 1);
    if (event === 'arrange') arrange('ab');
    else affinity[event]('s', model, at('b'));
    clock.advance(hourMs - 1);
    expect(affinity.size).toBe(1);
  });

  it('starts anew after the hour: who serves then is the first chosen', () => {
    const { arrange, served, clock } = converse();
    served(at('a'));
    clock.advance(hourMs);
    served(at('b'));
    clock.advance(5 * minuteMs);
    expect(arrange('abc', { home: 'first-chosen' }).order).toBe('bac');
  });

  it('does not remember what happens to a session it does not know', () => {
    const { broke, completed, affinity } = converse();
    broke(at('a'));
    completed(at('a'));
    expect(affinity.size).toBe(0);
  });

  it('holds 10,000 sessions; the least recently used makes room', () => {
    const { arrange, served, affinity } = converse();
    for (let index = 0; index < 10_000; index += 1) served(at('b'), `${index}`);
    expect(arrange('ab', { session: '0' }).isSticky).toBe(true);
    served(at('b'), 'one more');
    expect(affinity.size).toBe(10_000);
    expect(arrange('ab', { session: '0' }).isSticky).toBe(true);
    expect(arrange('ab', { session: '1' }).isSticky).toBe(false);
    expect(arrange('ab', { session: '2' }).isSticky).toBe(true);
  });

  it('makes no room for a session it knows already', () => {
    const { served, affinity } = converse();
    for (let index = 0; index < 10_000; index += 1) served(at('b'), `${index}`);
    served(at('a'), '9999');
    expect(affinity.size).toBe(10_000);
  });
});

describe('returning home', () => {
  it('returns a displaced session to the best upstream 5 minutes after it was displaced', () => {
    const { arrange, served, clock } = converse();
    served(at('a'));
    clock.advance(20 * minuteMs);
    arrange('abc', { home: 'best', sick: [a] });
    served(at('b'));
    clock.advance(5 * minuteMs - 1);
    expect(arrange('abc', { home: 'best' })).toMatchObject({ order: 'bac', isSticky: true });
    clock.advance(1);
    expect(arrange('abc', { home: 'best' })).toMatchObject({
      order: 'abc',
      keyId: undefined,
      isSticky: false,
    });
  });

  it('moves the place back when home serves, with the key that served', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    clock.advance(5 * minuteMs);
    arrange('abc', { home: 'best' });
    served(at('a', 'a-2'));
    expect(arrange('bca')).toMatchObject({ order: 'abc', keyId: 'a-2', isSticky: true });
  });

  it('waits until home is well', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    clock.advance(30 * minuteMs);
    expect(arrange('abc', { home: 'best', sick: [a] }).order).toBe('bac');
    expect(arrange('abc', { home: 'best' }).order).toBe('abc');
  });

  it('counts a session that began elsewhere as displaced since it was first served', () => {
    const { arrange, served, clock } = converse();
    served(at('c'));
    clock.advance(3 * minuteMs);
    served(at('c'));
    clock.advance(2 * minuteMs - 1);
    expect(arrange('abc', { home: 'best' }).order).toBe('cab');
    clock.advance(1);
    expect(arrange('abc', { home: 'best' }).order).toBe('abc');
  });

  it('waits 5 minutes anew after each displacement', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    clock.advance(4 * minuteMs);
    served(at('c'));
    clock.advance(4 * minuteMs);
    expect(arrange('abc', { home: 'best' }).order).toBe('cab');
  });

  it('returns to the upstream first chosen under weighted failover, not to the first of this draw', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    expect(arrange('acb', { home: 'first-chosen' }).order).toBe('bac');
    served(at('c'));
    clock.advance(5 * minuteMs);
    expect(arrange('acb', { home: 'first-chosen', sick: [b] }).order).toBe('cab');
    expect(arrange('acb', { home: 'first-chosen' })).toMatchObject({ order: 'bac', isSticky: false });
    served(at('b'));
    expect(arrange('acb', { home: 'first-chosen' })).toMatchObject({ order: 'bac', isSticky: true });
  });

  it('stays where it is when home is no longer among the candidates', () => {
    const { arrange, served, clock } = converse();
    served(at('b'));
    served(at('c'));
    clock.advance(5 * minuteMs);
    expect(arrange('ac', { home: 'first-chosen' })).toMatchObject({ order: 'ca', isSticky: true });
  });

  it('calls a session at home sticky however long it has been there', () => {
    const { arrange, served, clock } = converse();
    served(at('a'));
    clock.advance(30 * minuteMs);
    expect(arrange('abc', { home: 'best' })).toMatchObject({ order: 'abc', keyId: 'a-key', isSticky: true });
  });
});

describe('steering', () => {
  it('puts the broken upstream last for the next request, and only for that one', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('a'));
    expect(arrange('abc')).toMatchObject({ order: 'bca', keyId: undefined, isSticky: false });
    expect(arrange('abc')).toMatchObject({ order: 'abc', keyId: 'a-key', isSticky: true });
  });

  it('does so within 2 minutes only, and forgets it after', () => {
    const { arrange, served, broke, clock } = converse();
    served(at('a'));
    broke(at('a'));
    clock.advance(2 * minuteMs - 1);
    expect(arrange('abc').order).toBe('bca');
    broke(at('a'));
    clock.advance(2 * minuteMs);
    expect(arrange('abc')).toMatchObject({ order: 'abc', isSticky: true });
  });

  it('steers the same session and model only', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    served(at('a'), 'other');
    broke(at('a'));
    expect(arrange('abc', { session: 'other' }).order).toBe('abc');
    expect(arrange('abc').order).toBe('bca');
  });

  it('changes nothing when the broken upstream is the only one, and does not wait for a better time', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('a'));
    expect(arrange('a')).toMatchObject({ order: 'a', keyId: 'a-key', isSticky: true });
    expect(arrange('abc').order).toBe('abc');
  });

  it('does not move the place when another serves the steered request', () => {
    const { arrange, served, completed, broke } = converse();
    served(at('a'));
    broke(at('a'));
    arrange('abc');
    served(at('b'));
    completed(at('b'));
    expect(arrange('bca')).toMatchObject({ order: 'abc', keyId: 'a-key', isSticky: true });
  });

  it('spares the place for the steered request only: the next displacement moves it', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('a'));
    arrange('abc');
    served(at('b'));
    arrange('abc');
    served(at('c'));
    expect(arrange('abc').order).toBe('cab');
  });

  it('does not hold a displaced request for a steered one that nobody served', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('a'));
    arrange('abc');
    arrange('abc', { sick: [a] });
    served(at('b'));
    expect(arrange('abc').order).toBe('bac');
  });

  it('spares the place although another request of the session goes there before the steered one is served', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('a'));
    arrange('abc');
    arrange('abc');
    served(at('a'));
    served(at('b'));
    expect(arrange('bca').order).toBe('abc');
  });

  it('keeps the place first and another broken upstream last', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('b'));
    expect(arrange('bca')).toMatchObject({ order: 'acb', keyId: 'a-key', isSticky: true });
    expect(arrange('bca').order).toBe('abc');
  });

  it('does not return home to an upstream that just broke', () => {
    const { arrange, served, broke, clock } = converse();
    served(at('b'));
    clock.advance(5 * minuteMs);
    broke(at('a'));
    expect(arrange('abc', { home: 'best' })).toMatchObject({ order: 'bca', isSticky: true });
  });

  it('lets a session that is due to return home do so from a place that broke', () => {
    const { arrange, served, broke, clock } = converse();
    served(at('b'));
    clock.advance(5 * minuteMs);
    broke(at('b'));
    expect(arrange('cab', { home: 'best' }).order).toBe('cab');
    served(at('c'));
    expect(arrange('abc')).toMatchObject({ order: 'cab', isSticky: true });
  });
});

describe('a second break', () => {
  const breakOnce = (conversation: ReturnType<typeof converse>) => {
    const { arrange, served, completed, broke } = conversation;
    served(at('a'));
    broke(at('a'));
    arrange('abc');
    served(at('b'));
    completed(at('b'));
    arrange('abc');
    served(at('a'));
  };

  it('moves the place to whoever serves the steered request', () => {
    const conversation = converse();
    const { arrange, served, broke } = conversation;
    breakOnce(conversation);
    broke(at('a'));
    expect(arrange('abc').order).toBe('bca');
    served(at('c', 'c-2'));
    expect(arrange('abc')).toMatchObject({ order: 'cab', keyId: 'c-2', isSticky: true });
  });

  it('does not count when the place completed an answer in between', () => {
    const conversation = converse();
    const { arrange, served, completed, broke } = conversation;
    breakOnce(conversation);
    completed(at('a'));
    broke(at('a'));
    expect(arrange('abc').order).toBe('bca');
    served(at('c'));
    expect(arrange('abc').order).toBe('abc');
  });

  it('does not count when the first was another upstream’s', () => {
    const { arrange, served, broke } = converse();
    served(at('a'));
    broke(at('b'));
    arrange('abc');
    served(at('a'));
    broke(at('a'));
    expect(arrange('abc').order).toBe('bca');
    served(at('b'));
    expect(arrange('bca').order).toBe('abc');
  });

  it('counts from nought at the new place', () => {
    const conversation = converse();
    const { arrange, served, broke } = conversation;
    breakOnce(conversation);
    broke(at('a'));
    arrange('abc');
    served(at('b'));
    broke(at('b'));
    expect(arrange('abc').order).toBe('acb');
    served(at('a'));
    expect(arrange('abc').order).toBe('bac');
  });

  it('starts the 5 minutes until the session returns home', () => {
    const conversation = converse();
    const { arrange, served, broke, clock } = conversation;
    breakOnce(conversation);
    clock.advance(10 * minuteMs);
    broke(at('a'));
    arrange('abc', { home: 'best' });
    served(at('b'));
    clock.advance(5 * minuteMs - 1);
    expect(arrange('abc', { home: 'best' }).order).toBe('bac');
    clock.advance(1);
    expect(arrange('abc', { home: 'best' }).order).toBe('abc');
  });

  it('leaves the place where it is when it serves the steered request itself', () => {
    const conversation = converse();
    const { arrange, served, broke } = conversation;
    breakOnce(conversation);
    broke(at('a'));
    arrange('abc');
    served(at('a'));
    expect(arrange('bca').order).toBe('abc');
  });
});

describe('any course of a conversation', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('request' as const),
      order: fc.shuffledSubarray([a, b, c], { minLength: 1 }),
      sick: fc.subarray([a, b, c]),
      home: fc.constantFrom('best', 'first-chosen', 'none'),
      servedBy: fc.nat(2),
      end: fc.constantFrom('completed', 'broke', 'still running'),
    }),
    fc.record({ kind: fc.constant('wait' as const), waitMs: fc.nat(3 * minuteMs) }),
  );

  it('gives every candidate exactly once, puts a sick one first only if the strategy did, and a broken one last', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { clock, arrange, affinity } = converse();
        let broken: { name: string; since: number } | undefined;
        for (const each of events) {
          if (each.kind === 'wait') {
            clock.advance(each.waitMs);
            continue;
          }
          const { order: result } = arrange(each.order.join(''), each);
          expect([...result].toSorted()).toEqual(each.order.toSorted());
          const isSteered = broken !== undefined && clock.monotonic() - broken.since < 2 * minuteMs;
          if (isSteered && each.order.includes(broken?.name ?? '')) expect(result.at(-1)).toBe(broken?.name);
          else if (each.sick.includes(result[0] ?? '')) expect(result).toBe(each.order.join(''));
          broken = undefined;
          const place = at(result[Math.min(each.servedBy, result.length - 1)] ?? '');
          affinity.served('s', model, place);
          if (each.end === 'still running') continue;
          affinity[each.end]('s', model, place);
          if (each.end === 'broke') broken = { name: place.upstream, since: clock.monotonic() };
        }
      }),
    );
  });
});
