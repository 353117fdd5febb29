import { formatProblem } from '../../config/format-problem.ts';
import { showPath } from '../settings-path.ts';
import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';

const report = reporter('config');
const validate = (path: string): string => `See all of it: cc-relay config validate "${path}"`;

/** Whether the config can be loaded and its providers can serve. */
export function checkConfig({ configState, question }: Findings): readonly Check[] {
  if (configState.kind === 'missing')
    return [report.ok('There is no config yet: the built-in default applies.')];
  const { path } = configState.location;
  if (configState.kind === 'invalid') {
    const [first = path] = configState.lines;
    return [report.problem(first, `Correct it, then: cc-relay config validate "${path}"`)];
  }
  const { upstreams } = configState.config;
  const idle = upstreams.filter(({ outOfService }) => outOfService !== undefined);
  const state = idle.length === upstreams.length ? 'problem' : 'warning';
  if (upstreams.length === 0) {
    return [report.problem(`${path} has no enabled provider.`, `Add one under providers: in ${path}`)];
  }
  const checks: Check[] = idle.map(({ name, outOfService }) =>
    report[state](`Provider ${name} is out of service: ${outOfService}.`, validate(path)),
  );
  // Other notices are for `config validate`; a key that is left out is missed here.
  const keyNotices = configState.notices.filter(({ path: place }) => /^providers\[\d+\]\.keys\[/.test(place));
  for (const notice of idle.length > 0 ? [] : keyNotices)
    checks.push(report.warning(`${formatProblem(path, notice)}.`, validate(path)));
  if (checks.length > 0) return checks;
  return [
    report.ok(`${showPath(path, question.homeFolder)}: all ${upstreams.length} provider(s) can serve.`),
  ];
}
