import { beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../faults/fault.ts';
import { faultGroups } from '../faults/faults.ts';
import { allCases, type CaseResult, runCases } from '../faults/run-case.ts';

const sideBySide = 12;
let results: readonly CaseResult[];

beforeAll(async () => {
  results = await runCases(allCases(faultGroups), sideBySide);
}, 60_000);

const differencesOf = (fault: Fault): readonly string[] =>
  results
    .filter((result) => result.fault === fault)
    .flatMap(({ request, place, differences }) =>
      differences.map((difference) => `${request}, ${place}: ${difference}`),
    );

describe.each(faultGroups)('$name', ({ faults }) => {
  for (const fault of faults) {
    it(`${fault.name}: client, record, breaker and upstreams see what they should`, () => {
      expect(differencesOf(fault)).toEqual([]);
    });
  }
});
