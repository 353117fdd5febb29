import type { Clock } from '../../../relay-core/ports.ts';
import {
  type BreakerReport,
  CircuitBreaker,
  type Permission,
} from '../../../relay-core/resilience/circuit-breaker.ts';
import { breakerSettings } from '../upstreams/fake-upstream.ts';

/** A breaker that remembers what each permission it gave was told. */
export class CountingBreaker extends CircuitBreaker {
  /** The reports of every permission, in the order in which they were given. */
  readonly heard: BreakerReport[][] = [];

  constructor(clock: Clock) {
    super(breakerSettings, clock);
  }

  override tryAcquire(): Permission | undefined {
    return this.#count(super.tryAcquire());
  }

  override acquireAnyway(): Permission | undefined {
    return this.#count(super.acquireAnyway());
  }

  #count(permission: Permission | undefined): Permission | undefined {
    if (permission === undefined) return undefined;
    const reports: BreakerReport[] = [];
    this.heard.push(reports);
    return {
      report: (report) => {
        reports.push(report);
        permission.report(report);
      },
    };
  }
}
