/** The reliability matrix: every fault, streaming and not, with and without a second upstream, over real sockets. */
import { parseArgs } from 'node:util';
import { faultGroups } from './faults.ts';
import { allCases, runCases } from './run-case.ts';
import { longTable, shortTable, summary } from './tables.ts';

const sideBySide = 4;
/** Unmeasured, so that the first rows do not tell how long V8 takes to warm up. */
const warmUpCases = 40;

const isVerbose = parseArgs({ options: { verbose: { type: 'boolean' } } }).values.verbose === true;
const cases = allCases(faultGroups);
await runCases(cases.slice(-warmUpCases), warmUpCases);
const results = await runCases(cases, sideBySide);
const matrix = isVerbose ? longTable(results) : shortTable(faultGroups, results);
process.stdout.write(`${matrix}\n\n${summary(results)}\n`);
if (results.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
