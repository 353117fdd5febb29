import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';
import { judgeVariable } from './judge-variable.ts';
import { findExports } from './shell-files.ts';
import { decisiveVariables } from './variables.ts';

/** Variables of the current environment that override or contradict the set-up. */
export function checkShell(findings: Findings): readonly Check[] {
  const report = reporter('shell');
  const { env, platform } = findings.question;
  const checks = decisiveVariables.flatMap((name): readonly Check[] => {
    const value = env[name];
    if (!value) return [];
    const verdict = judgeVariable(findings, { name, value });
    if (verdict === undefined) return [];
    const command = platform === 'win32' ? `Remove-Item Env:${name}` : `unset ${name}`;
    return [
      report[verdict.state](`${name} is set in this shell: it ${verdict.words}.`, `Take it out: ${command}`),
    ];
  });
  return checks.length > 0 ? checks : [report.ok('No variable of this shell is in the way.')];
}

/** The same variables, exported by start-up files for every shell to come. */
export async function checkShellFiles(findings: Findings): Promise<readonly Check[]> {
  const report = reporter('shell files');
  const exports = await findExports(findings.question);
  const checks = exports.flatMap((exported): readonly Check[] => {
    const verdict = judgeVariable(findings, exported);
    if (verdict === undefined) return [];
    const { name, shownAs, line } = exported;
    const finding = `${shownAs}:${line} exports ${name}: it ${verdict.words}.`;
    return [report[verdict.state](finding, `Delete line ${line} of ${shownAs} and open a new shell.`)];
  });
  return checks.length > 0 ? checks : [report.ok('No shell start-up file is in the way.')];
}
