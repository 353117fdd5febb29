/** Fails when package-lock.json names a registry host or lacks an entry for an optional dependency it promises. */
import { readFileSync } from 'node:fs';

type LockEntry = {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type Lock = { readonly packages: Readonly<Record<string, LockEntry>> };

const isLock = (value: unknown): value is Lock =>
  typeof value === 'object' && value !== null && 'packages' in value;

const findProblems = (lock: Lock): readonly string[] => {
  const names = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)));
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    // Without its own entry `npm ci` stops with EUSAGE on the platform that needs the binary.
    const absent = Object.keys(entry.optionalDependencies ?? {}).filter((name) => !names.has(name));
    const problems = absent.map(
      (name) => `${path || 'the project'} wants ${name}, which the lock does not hold`,
    );
    return entry.resolved?.startsWith('http') ? [...problems, `${path} names a registry host`] : problems;
  });
};

const lock: unknown = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const problems = isLock(lock) ? findProblems(lock) : ['package-lock.json has no packages'];
if (problems.length > 0) {
  process.stderr.write(
    `package-lock.json is not complete:\n${problems.map((line) => `  ${line}`).join('\n')}\n`,
  );
  process.exitCode = 1;
}
