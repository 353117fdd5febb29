/** The reliability matrix: every fault, streaming and not, with and without a second upstream, over real sockets. */
import { parseArgs } from 'node:util';
import { faultGroups } from './faults.ts';
import { allCases, runCases } from './run-case.ts';
import { longTable, shortTable, summary } from './tables.ts';

const sideBySide = 12;

const isVerbose = parseArgs({ options: { verbose: { type: 'boolean' } } }).values.verbose === true;
const results = await runCases(allCases(faultGroups), sideBySide);
const matrix = isVerbose ? longTable(results) : shortTable(faultGroups, results);
process.stdout.write(`${matrix}\n\n${summary(results)}\n`);
if (results.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
