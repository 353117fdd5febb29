/** Prints the totals of a vitest JSON report as `N passed, N failed, N skipped`: the gate's last line. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
});

const totals = report.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
// A file that cannot even be loaded has no failed test of its own.
const failed = Math.max(totals.numFailedTests, totals.numFailedTestSuites > 0 ? 1 : 0);
process.stdout.write(
  `${totals.numPassedTests} passed, ${failed} failed, ${totals.numPendingTests} skipped\n`,
);
