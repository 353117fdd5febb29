import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BreakerReport } from '../../../relay-core/resilience/circuit-breaker.ts';
import { NetworkWatch } from '../../../relay-core/resilience/network-watch.ts';
import { TwoClocks } from './two-clocks.ts';

const open = (upstreamCount = 3) => {
  const clock = new TwoClocks();
  let losses = 0;
  const onLoss = () => {
    losses += 1;
  };
  const watch = new NetworkWatch({ clock, upstreamCount: () => upstreamCount, onLoss });
  /** What the breaker of each attempt heard, in the order of the attempts. */
  const heard: BreakerReport[][] = [];
  const unreachable = (upstream: string, startedAtMs = clock.monotonic()) => {
    const reports: BreakerReport[] = [];
    heard.push(reports);
    watch.reportUnreachable(upstream, { report: (report) => void reports.push(report) }, startedAtMs);
  };
  return { clock, watch, heard, unreachable, losses: () => losses };
};

const counted = ['connection-failure'];
const uncounted = ['neutral'];

describe('upstreams that cannot be reached', () => {
  it('open no breaker when all of them are lost within a second, and the loss is told once', () => {
    const { clock, heard, unreachable, losses } = open();
    unreachable('a');
    unreachable('a');
    clock.advance(400);
    unreachable('b');
    expect(heard).toEqual([[], [], []]);
    clock.advance(599);
    unreachable('c');
    expect(heard).toEqual([uncounted, uncounted, uncounted, uncounted]);
    expect(losses()).toBe(1);
    clock.advance(10_000);
    expect(heard.flat()).toHaveLength(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('count at once when another one answers meanwhile', () => {
    const { clock, watch, heard, unreachable, losses } = open();
    unreachable('a');
    unreachable('b');
    watch.noteAnswer();
    expect(heard).toEqual([counted, counted]);
    unreachable('c');
    clock.advance(1000);
    expect(heard[2]).toEqual(counted);
    expect(losses()).toBe(0);
  });

  it('count when they stood alone for a second, not before', () => {
    const { clock, heard, unreachable, losses } = open();
    unreachable('a');
    clock.advance(999);
    expect(heard).toEqual([[]]);
    clock.advance(1);
    expect(heard).toEqual([counted]);
    unreachable('b');
    unreachable('c');
    clock.advance(5000);
    expect(heard).toEqual([counted, counted, counted]);
    expect(losses()).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('count at once when there is only one: nothing tells its fault from the network’s', () => {
    const { clock, heard, unreachable, losses } = open(1);
    unreachable('a');
    expect(heard).toEqual([counted]);
    expect(losses()).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('do not make a loss of several attempts at the same one', () => {
    const { clock, heard, unreachable, losses } = open(2);
    for (let count = 0; count < 5; count += 1) unreachable('a');
    expect(losses()).toBe(0);
    clock.advance(1000);
    expect(heard).toEqual(Array.from({ length: 5 }, () => counted));
  });

  it('may be lost again, which is told again', () => {
    const { heard, unreachable, losses } = open(2);
    for (const upstream of ['a', 'b', 'b', 'a']) unreachable(upstream);
    expect(losses()).toBe(2);
    expect(heard.flat()).toEqual(['neutral', 'neutral', 'neutral', 'neutral']);
  });

  it('count within a second of their failure, whenever another’s second began', () => {
    const { clock, heard, unreachable } = open();
    unreachable('a');
    clock.advance(500);
    unreachable('b');
    clock.advance(1000);
    expect(heard).toEqual([counted, counted]);
  });

  it('are no loss of the network when more than a second lies between them', () => {
    const { clock, heard, unreachable, losses } = open();
    unreachable('a');
    clock.advance(500);
    unreachable('b');
    clock.advance(1400);
    unreachable('a');
    unreachable('c');
    expect(losses()).toBe(0);
    expect(heard[1]).toEqual(counted);
  });

  it('do not count when the network changed before their second was over', () => {
    const { clock, watch, heard, unreachable } = open();
    unreachable('a');
    clock.advance(300);
    watch.noteDisturbance();
    clock.advance(5000);
    expect(heard).toEqual([uncounted]);
  });
});

describe('a disturbance of the network', () => {
  it('excuses attempts from before it, at once and without loss', () => {
    const { clock, watch, heard, unreachable, losses } = open(1);
    const startedAtMs = clock.monotonic();
    clock.advance(10);
    watch.noteDisturbance();
    clock.advance(10);
    unreachable('a', startedAtMs);
    expect(heard).toEqual([uncounted]);
    expect(watch.isDisturbed(startedAtMs)).toBe(true);
    expect(watch.judgeCut('a', startedAtMs)).toBe('neutral');
    unreachable('a');
    expect(heard).toEqual([uncounted, counted]);
    expect(watch.isDisturbed(clock.monotonic())).toBe(false);
    expect(losses()).toBe(0);
  });

  it.each([
    ['forward, as after sleep', 3_600_000],
    ['back, as when it is set', -3_600_000],
    ['by just over 2 s', 2001],
  ])('is seen when the wall clock jumps %s', (_way, jumpMs) => {
    const { clock, watch } = open();
    const startedAtMs = clock.monotonic();
    clock.advance(50);
    clock.wallAheadMs += jumpMs;
    expect(watch.isDisturbed(startedAtMs)).toBe(true);
    clock.advance(50);
    const laterMs = clock.monotonic();
    clock.advance(50);
    expect(watch.isDisturbed(laterMs)).toBe(false);
    expect(watch.isDisturbed(startedAtMs)).toBe(true);
  });

  it.each([0, 2000, -2000])(
    'is not seen in a wall clock that is off by %i ms from the last look',
    (driftMs) => {
      const { clock, watch } = open();
      const startedAtMs = clock.monotonic();
      for (let count = 0; count < 20; count += 1) {
        clock.advance(1000);
        clock.wallAheadMs += driftMs;
        expect(watch.isDisturbed(startedAtMs)).toBe(false);
      }
    },
  );

  it('does not begin with the distance at which the clocks start', () => {
    const clock = new TwoClocks();
    clock.wallAheadMs = 1_700_000_000_000;
    const watch = new NetworkWatch({ clock, upstreamCount: () => 1, onLoss: () => {} });
    expect(watch.isDisturbed(clock.monotonic())).toBe(false);
  });
});

describe('streams that are cut', () => {
  it('count once when they ran side by side and are cut together', () => {
    const { clock, watch } = open();
    const startedAtMs = clock.monotonic();
    clock.advance(5000);
    expect(watch.judgeCut('a', startedAtMs)).toBe('failure');
    expect(watch.judgeCut('a', startedAtMs + 4000)).toBe('neutral');
    clock.advance(999);
    expect(watch.judgeCut('a', startedAtMs)).toBe('neutral');
    clock.advance(1);
    expect(watch.judgeCut('a', startedAtMs)).toBe('failure');
  });

  it('count each when one began after the other was cut', () => {
    const { clock, watch } = open();
    for (let count = 0; count < 5; count += 1) {
      const startedAtMs = clock.monotonic();
      clock.advance(10);
      expect(watch.judgeCut('a', startedAtMs)).toBe('failure');
      clock.advance(1);
    }
  });

  it('count each when they are cut more than a second apart', () => {
    const { clock, watch } = open();
    const startedAtMs = clock.monotonic();
    for (let count = 0; count < 5; count += 1) {
      clock.advance(1000);
      expect(watch.judgeCut('a', startedAtMs)).toBe('failure');
    }
  });

  it('count for each upstream by itself', () => {
    const { clock, watch } = open();
    const startedAtMs = clock.monotonic();
    clock.advance(10);
    expect(watch.judgeCut('a', startedAtMs)).toBe('failure');
    expect(watch.judgeCut('b', startedAtMs)).toBe('failure');
  });
});

describe('in any history', () => {
  const step = fc.record({
    does: fc.constantFrom('fail', 'fail', 'fail', 'answer', 'disturb', 'jump'),
    upstream: fc.constantFrom('a', 'b', 'c'),
    waitMs: fc.oneof(fc.constant(0), fc.nat(600), fc.nat(3000)),
    tookMs: fc.nat(2000),
  });

  it('every attempt is reported exactly once, within two seconds, and no timer is left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), (count, steps) => {
        const { clock, watch, heard, unreachable } = open(count);
        const failedAtMs: number[] = [];
        for (const { does, upstream, waitMs, tookMs } of steps) {
          clock.advance(waitMs);
          if (does === 'fail') failedAtMs.push(clock.monotonic());
          if (does === 'fail') unreachable(upstream, clock.monotonic() - tookMs);
          if (does === 'answer') watch.noteAnswer();
          if (does === 'disturb') watch.noteDisturbance();
          if (does === 'jump') clock.wallAheadMs += 10 * waitMs;
          for (const [index, reports] of heard.entries()) {
            expect(reports.length).toBeLessThanOrEqual(1);
            const sinceMs = clock.monotonic() - (failedAtMs[index] ?? 0);
            if (sinceMs > 2000) expect(reports).toHaveLength(1);
          }
        }
        clock.advance(3000);
        for (const reports of heard) expect(reports).toHaveLength(1);
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });

  it('a loss is told only when every upstream failed to be reached in the last two seconds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, watch, unreachable, losses } = open(3);
        const lastMs = new Map<string, number>();
        for (const { does, upstream, waitMs } of steps) {
          clock.advance(waitMs);
          const before = losses();
          if (does === 'answer') watch.noteAnswer();
          if (does !== 'fail') continue;
          lastMs.set(upstream, clock.monotonic());
          unreachable(upstream);
          if (losses() === before) continue;
          expect(lastMs.size).toBe(3);
          for (const atMs of lastMs.values()) expect(clock.monotonic() - atMs).toBeLessThan(2000);
        }
      }),
    );
  });
});
