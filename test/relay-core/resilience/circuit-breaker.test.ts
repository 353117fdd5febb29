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
});
