import type { ConfigProblem } from './config.ts';

/** One problem or notice as a terminal shows it: `FILE:LINE:COLUMN: path: message`, which editors can follow. */
export function formatProblem(file: string, problem: ConfigProblem): string {
  const place = [file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}: ${path}${problem.message}`;
}
