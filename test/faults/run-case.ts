import { differencesIn } from './compare.ts';
import { type Expected, expectationFor } from './expectations.ts';
import { type Fault, type FaultGroup, type Place, places, type RequestKind, requestKinds } from './fault.ts';
import { type FaultRun, type Observed, observe } from './observe.ts';

/** One cell of the matrix. */
export type FaultCase = Omit<FaultRun, 'threshold'> & { readonly expected: Expected };

/** What came of it. `countedFailures` = by the first's breaker; `differences` in words, none = as expected. */
export type CaseResult = FaultCase & {
  readonly observed: Observed;
  readonly run: FaultRun;
  readonly countedFailures: number;
  readonly differences: readonly string[];
};

/** The cases of one fault: every request that it can happen to, in every place. */
const casesOf = (fault: Fault): readonly FaultCase[] =>
  requestKinds.flatMap((request) => places.flatMap((place) => caseOf(fault, request, place)));

const caseOf = (fault: Fault, request: RequestKind, place: Place): readonly FaultCase[] => {
  const answer = fault[request];
  return answer ? [{ fault, request, place, answer, expected: expectationFor(answer, place) }] : [];
};

/**
 * Runs a case under breakers of every threshold up to one more than it should count: those that open tell how many
 * failures were counted. What the client sees must be the same under all of them.
 */
const runCase = async (faultCase: FaultCase): Promise<CaseResult> => {
  const { expected } = faultCase;
  const runs = Array.from({ length: expected.countedFailures + 1 }, (_, at) => ({
    ...faultCase,
    threshold: at + 1,
  }));
  const observations = await Promise.all(runs.map(observeOrSay));
  const countedFailures = observations.filter(({ opened }) => opened.includes('first')).length;
  const differences = observations.flatMap((observed, at) => {
    const run = runs[at];
    return run ? differencesIn(expected, observed, run) : [];
  });
  const breaker =
    countedFailures === expected.countedFailures
      ? []
      : [`breaker: expected ${expected.countedFailures} counted, saw ${countedFailures} or more`];
  const [run, observed] = [runs.at(-1), observations.at(-1)];
  if (run === undefined || observed === undefined) throw new Error('a case has at least one run');
  return {
    ...faultCase,
    run,
    observed,
    countedFailures,
    differences: [...new Set([...differences, ...breaker])],
  };
};

const observeOrSay = (run: FaultRun): Promise<Observed> =>
  observe(run).catch((error: unknown) => {
    const { fault, request, place, threshold } = run;
    throw new Error(`${fault.name}, ${request}, ${place}, threshold ${threshold}`, { cause: error });
  });

/** Runs all cases, so many side by side; the results come in the order of the cases. */
export const runCases = async (
  cases: readonly FaultCase[],
  sideBySide: number,
): Promise<readonly CaseResult[]> => {
  const results: CaseResult[] = [];
  const waiting = cases.entries();
  const lanes = Array.from({ length: sideBySide }, async () => {
    for (const [at, faultCase] of waiting) results[at] = await runCase(faultCase);
  });
  await Promise.all(lanes);
  return results;
};

/** Every case of the matrix. */
export const allCases = (groups: readonly FaultGroup[]): readonly FaultCase[] =>
  groups.flatMap(({ faults }) => faults.flatMap(casesOf));
