import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyLimits } from '../../../relay-core/keys/limits.ts';
import { Permit, type Used } from '../../../relay-core/keys/permit.ts';
import { Slots } from '../../../relay-core/keys/slots.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const bucket = 10_000;

/** A permit for 600 input and 400 output tokens of a bucket of 10,000. */
const openPermit = () => {
  const clock = new FakeClock();
  const limits = new KeyLimits({ rpm: 0, tpm: bucket, itpm: 0, otpm: 0 });
  const slots = [new Slots(0), new Slots(5), new Slots(1)];
  const reservation = limits.reserve({ input: 600, output: 400 }, clock.monotonic());
  let ends = 0;
  const onEnd = () => {
    ends += 1;
  };
  const permit = new Permit({ slots, reservation, clock, onEnd });
  const usedTokens = () => Math.round(bucket * (1 - limits.freeShare(clock.monotonic())));
  return { permit, clock, slots, limits, usedTokens, ends: () => ends };
};

const usage = (inputTokens: number, outputTokens: number) => ({
  ...{ inputTokens, outputTokens, cacheWriteTokens: 0, cacheReadTokens: 0 },
});

describe('a permit', () => {
  it('holds one slot of each until its end', () => {
    const { permit, slots, ends } = openPermit();
    expect(slots.map(({ inFlight }) => inFlight)).toEqual([1, 1, 1]);
    expect(slots.map(({ hasRoom }) => hasRoom)).toEqual([true, true, false]);
    expect(ends()).toBe(0);
    permit.end('unknown');
    expect(slots.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
    expect(ends()).toBe(1);
  });

  it('ends once, as the first call says, however often and however differently it is ended', () => {
    const used = fc.constantFrom<Used>('nothing', 'unknown', usage(1000, 500), usage(0, 0));
    fc.assert(
      fc.property(fc.array(used, { minLength: 1, maxLength: 6 }), (all) => {
        const { permit, slots, usedTokens, ends } = openPermit();
        const [first] = all;
        for (const each of all) permit.end(each);
        expect(slots.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
        expect(ends()).toBe(1);
        const once = openPermit();
        once.permit.end(first ?? 'unknown');
        expect(usedTokens()).toBe(once.usedTokens());
      }),
    );
  });

  it('has freed its slots and its tokens when it tells that it ended', () => {
    const clock = new FakeClock();
    const slots = new Slots(1);
    const limits = new KeyLimits({ rpm: 0, tpm: 100, itpm: 0, otpm: 0 });
    const reservation = limits.reserve({ input: 100, output: 0 }, clock.monotonic());
    const seen: unknown[] = [];
    const onEnd = () => seen.push(slots.hasRoom, limits.freeShare(clock.monotonic()));
    new Permit({ slots: [slots], reservation, clock, onEnd }).end('nothing');
    expect(seen).toEqual([true, 1]);
  });

  it('needs no reservation', () => {
    const slots = new Slots(1);
    const permit = new Permit({
      slots: [slots],
      reservation: undefined,
      clock: new FakeClock(),
      onEnd: () => {},
    });
    permit.end(usage(5, 5));
    expect(slots.inFlight).toBe(0);
  });
});

describe('what a permit had reserved', () => {
  it('is given back when nothing was used', () => {
    const { permit, usedTokens } = openPermit();
    expect(usedTokens()).toBe(1000);
    permit.end('nothing');
    expect(usedTokens()).toBe(0);
  });

  it('stays as estimated when nobody knows what was used', () => {
    const { permit, usedTokens, clock } = openPermit();
    permit.end('unknown');
    expect(usedTokens()).toBe(1000);
    clock.advance(59_999);
    expect(usedTokens()).toBe(1000);
    clock.advance(251);
    expect(usedTokens()).toBe(0);
  });

  it('becomes what was used: cache writes count as input, cache reads do not count', () => {
    const { permit, usedTokens } = openPermit();
    permit.end({ ...usage(10, 20), cacheWriteTokens: 300, cacheReadTokens: 90_000 });
    expect(usedTokens()).toBe(330);
  });

  it('becomes more when more was used', () => {
    const { permit, usedTokens } = openPermit();
    permit.end(usage(3000, 2000));
    expect(usedTokens()).toBe(5000);
  });

  it('teaches the expected output only by what was really used', () => {
    const unknown = openPermit();
    unknown.permit.end('unknown');
    expect(unknown.limits.expectedOutput()).toBe(1000);
    const nothing = openPermit();
    nothing.permit.end('nothing');
    expect(nothing.limits.expectedOutput()).toBe(1000);
    const known = openPermit();
    known.permit.end(usage(1, 77));
    expect(known.limits.expectedOutput()).toBe(77);
  });
});
