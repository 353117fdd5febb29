import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BreakerReport,
  CircuitBreaker,
  type Permission,
} from '../../../relay-core/resilience/circuit-breaker.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const settings = { failureThreshold: 5, openDurationMs: 30_000, halfOpenProbes: 3 };

const open = (clock = new FakeClock()) => {
  const changes: string[] = [];
  const breaker = new CircuitBreaker(settings, clock, (state) => changes.push(state.kind));
  return { breaker, clock, changes };
};

const report = (breaker: CircuitBreaker, ...reports: BreakerReport[]) => {
  for (const each of reports) breaker.tryAcquire()?.report(each);
};

const failures = (count: number) => Array.from({ length: count }, (): BreakerReport => 'failure');

describe('a circuit breaker', () => {
  it('opens after 5 failures in a row, not after 4', () => {
    const { breaker } = open();
    report(breaker, ...failures(4));
    expect(breaker.state).toEqual({ kind: 'closed', failures: 4 });
    report(breaker, 'failure');
    expect(breaker.state.kind).toBe('open');
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it('starts counting again after a success; neutral reports change nothing', () => {
    const { breaker } = open();
    report(breaker, ...failures(4), 'neutral', 'success', ...failures(4));
    expect(breaker.state).toEqual({ kind: 'closed', failures: 4 });
  });

  it('lets one probe at a time through after 30 s and closes after 3 successes in a row', () => {
    const { breaker, clock, changes } = open();
    report(breaker, ...failures(5));
    clock.advance(29_999);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(1);
    const probe = breaker.tryAcquire();
    expect(probe).toBeDefined();
    expect(breaker.tryAcquire()).toBeUndefined();
    probe?.report('success');
    report(breaker, 'success');
    expect(breaker.state).toEqual({ kind: 'half-open', successes: 2, isProbing: false });
    report(breaker, 'success');
    expect(breaker.state.kind).toBe('closed');
    expect(changes).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again at the first probe that fails, for another 30 s', () => {
    const { breaker, clock } = open();
    report(breaker, ...failures(5));
    clock.advance(30_000);
    report(breaker, 'success', 'failure');
    expect(breaker.state.kind).toBe('open');
    clock.advance(29_999);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it('lets the next probe through when one found out nothing', () => {
    const { breaker, clock } = open();
    report(breaker, ...failures(5));
    clock.advance(30_000);
    report(breaker, 'neutral');
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it('takes each attempt’s first report only', () => {
    const { breaker } = open();
    const permission = breaker.tryAcquire();
    for (let count = 0; count < 9; count += 1) permission?.report('failure');
    expect(breaker.state).toEqual({ kind: 'closed', failures: 1 });
  });

  it('does not listen to attempts of before it opened', () => {
    const { breaker, clock } = open();
    const early = breaker.tryAcquire();
    const late = breaker.tryAcquire();
    report(breaker, ...failures(5));
    early?.report('success');
    expect(breaker.state.kind).toBe('open');
    clock.advance(30_000);
    const probe = breaker.tryAcquire();
    late?.report('failure');
    expect(breaker.state.kind).toBe('half-open');
    probe?.report('success');
    expect(breaker.state).toMatchObject({ successes: 1 });
  });

  it('lets an attempt through when nobody else is left, and learns from it', () => {
    const { breaker } = open();
    report(breaker, ...failures(5));
    breaker.acquireAnyway()?.report('success');
    expect(breaker.state).toMatchObject({ kind: 'half-open', successes: 1 });
    breaker.acquireAnyway()?.report('failure');
    expect(breaker.state.kind).toBe('open');
  });

  it('stays open by hand until it is reset', () => {
    const { breaker, clock } = open();
    const running = breaker.tryAcquire();
    breaker.isolate();
    clock.advance(1_000_000);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.acquireAnyway()).toBeUndefined();
    running?.report('success');
    expect(breaker.state.kind).toBe('isolated');
    breaker.reset();
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it('never has two probes of one half-open period under way, however attempts overlap', () => {
    const reports = fc.constantFrom<BreakerReport>('success', 'failure', 'neutral');
    const steps = fc.array(
      fc.record({ waitMs: fc.constantFrom(0, 0, 0, 31_000), asks: fc.boolean(), of: fc.nat(5), as: reports }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new FakeClock();
        let probes = new Set<Permission>();
        const breaker = new CircuitBreaker(settings, clock, (state) => {
          if (state.kind !== 'half-open') probes = new Set();
        });
        report(breaker, ...failures(5));
        const running: Permission[] = [];
        for (const { waitMs, asks, of, as } of all) {
          clock.advance(waitMs);
          const permission = asks ? breaker.tryAcquire() : undefined;
          if (permission) running.push(permission);
          if (permission && breaker.state.kind === 'half-open') probes.add(permission);
          expect(probes.size).toBeLessThanOrEqual(1);
          const reporting = asks ? undefined : running.splice(of, 1)[0];
          if (reporting) probes.delete(reporting);
          reporting?.report(as);
        }
      }),
    );
  });

  it('may be tried before its time when a probe got through to what had only been unreachable', () => {
    const { breaker, clock, changes } = open();
    report(breaker, ...failures(4), 'connection-failure');
    expect(breaker.state).toMatchObject({ kind: 'open', isUnreachable: true });
    breaker.invite();
    expect(breaker.state).toEqual({ kind: 'half-open', successes: 0, isProbing: false });
    report(breaker, 'success', 'success', 'success');
    expect(changes).toEqual(['open', 'half-open', 'closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not invited back by a probe when it failed in another way', () => {
    const { breaker } = open();
    report(breaker, ...Array.from({ length: 4 }, (): BreakerReport => 'connection-failure'), 'failure');
    expect(breaker.state).toMatchObject({ kind: 'open', isUnreachable: false });
    breaker.invite();
    expect(breaker.state.kind).toBe('open');
  });

  it('is invited or not by what opened it last', () => {
    const { breaker, clock } = open();
    report(breaker, ...failures(4), 'connection-failure');
    clock.advance(30_000);
    report(breaker, 'failure');
    breaker.invite();
    expect(breaker.state.kind).toBe('open');
    breaker.acquireAnyway()?.report('connection-failure');
    breaker.invite();
    expect(breaker.state.kind).toBe('half-open');
  });

  it('is left as it is by an invitation while it is not open', () => {
    const { breaker, clock, changes } = open();
    report(breaker, 'connection-failure');
    breaker.invite();
    expect(breaker.state).toEqual({ kind: 'closed', failures: 1 });
    report(breaker, ...failures(3), 'connection-failure');
    clock.advance(30_000);
    const probe = breaker.tryAcquire();
    breaker.invite();
    expect(breaker.state).toMatchObject({ kind: 'half-open', isProbing: true });
    probe?.report('neutral');
    breaker.isolate();
    breaker.invite();
    expect(breaker.state.kind).toBe('isolated');
    expect(changes).toEqual(['open', 'half-open', 'isolated']);
  });

  it('says beforehand whether it would give leave, and changes nothing by that', () => {
    fc.assert(
      fc.property(historyOf(), (history) => {
        const { breaker, clock } = open();
        report(breaker, ...failures(5));
        const running: Permission[] = [];
        for (const step of history) {
          act({ breaker, clock, running }, step);
          const before = breaker.state;
          const would = breaker.wouldPermit();
          expect(breaker.state).toBe(before);
          const permission = breaker.tryAcquire();
          expect(permission !== undefined).toBe(would);
          permission?.report('neutral');
        }
      }),
    );
  });

  it('never permits more than one probe at a time while it is half-open', () => {
    fc.assert(
      fc.property(historyOf(['ask', 'ask', 'report', 'report', 'wait', 'invite']), (history) => {
        const { breaker, clock } = open();
        report(breaker, ...failures(5));
        const running: Permission[] = [];
        let probe: Permission | undefined;
        for (const step of history) {
          const { permission, reported } = act({ breaker, clock, running }, step);
          const isHalfOpen = breaker.state.kind === 'half-open';
          if (!isHalfOpen || reported === probe) probe = undefined;
          if (isHalfOpen && permission !== undefined) {
            expect(probe).toBeUndefined();
            probe = permission;
          }
          if (breaker.state.kind === 'half-open') expect(breaker.state.isProbing).toBe(probe !== undefined);
        }
      }),
    );
  });

  it('does not take a probe of an earlier half-open period for the one that is under way', () => {
    const { breaker, clock } = open();
    report(breaker, ...failures(5));
    clock.advance(30_000);
    const early = breaker.tryAcquire();
    breaker.acquireAnyway()?.report('failure');
    clock.advance(30_000);
    expect(breaker.tryAcquire()).toBeDefined();
    early?.report('neutral');
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it('counts each attempt at most once, whatever happens to the breaker meanwhile', () => {
    fc.assert(
      fc.property(historyOf(), (history) => {
        const { breaker, clock } = open();
        const running: Permission[] = [];
        for (const step of history) {
          const { reported } = act({ breaker, clock, running }, step);
          const before = breaker.state;
          for (const again of ['failure', 'success', 'connection-failure'] as const) reported?.report(again);
          expect(breaker.state).toBe(before);
        }
      }),
    );
  });
});

type Step = {
  readonly does: 'ask' | 'ask-anyway' | 'report' | 'wait' | 'invite' | 'isolate' | 'reset';
  readonly of: number;
  readonly as: BreakerReport;
};

const everyStep: readonly Step['does'][] = [
  ...(['ask', 'ask', 'ask', 'ask-anyway', 'report', 'report', 'report', 'report'] as const),
  ...(['wait', 'invite', 'isolate', 'reset'] as const),
];

const historyOf = (steps = everyStep) => {
  const as = fc.constantFrom<BreakerReport>('failure', 'failure', 'connection-failure', 'success', 'neutral');
  const step = fc.record({ does: fc.constantFrom(...steps), of: fc.nat(8), as });
  return fc.array(step, { maxLength: 120, size: 'max' });
};

type Scene = { readonly breaker: CircuitBreaker; readonly clock: FakeClock; readonly running: Permission[] };

/** Does one step; tells whose attempt began and whose was reported by it. */
const act = ({ breaker, clock, running }: Scene, { does, of, as }: Step) => {
  const begin = (permission: Permission | undefined) => {
    if (permission) running.push(permission);
    return { permission, reported: undefined };
  };
  const none = { permission: undefined, reported: undefined };
  switch (does) {
    case 'ask':
      return begin(breaker.tryAcquire());
    case 'ask-anyway':
      return begin(breaker.acquireAnyway());
    case 'report': {
      const [reported] = running.splice(of, 1);
      reported?.report(as);
      return { permission: undefined, reported };
    }
    case 'wait':
      clock.advance(of * 10_000);
      return none;
    case 'invite':
    case 'isolate':
    case 'reset':
      breaker[does]();
      return none;
  }
};
