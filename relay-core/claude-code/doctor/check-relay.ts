import { describeStatus } from '../relay-status.ts';
import { findDamage } from '../repair.ts';
import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';

/** Whether the relay of the data folder runs. */
export function checkRelay({ status }: Findings): readonly Check[] {
  const report = reporter('relay');
  const finding = describeStatus(status);
  // Whether anybody misses it is the question of the address.
  if (status.kind === 'running' || status.kind === 'none') return [report.ok(finding)];
  return [report.warning(finding, 'Start it: cc-relay serve')];
}

/** Whether a killed process left something behind in Claude Code's settings. */
export async function checkUnfinished({ question }: Findings): Promise<readonly Check[]> {
  const report = reporter('unfinished set-up');
  const damage = await findDamage(question);
  if (!damage.ok) return [report.problem(damage.message, 'Then run: cc-relay doctor')];
  const remedy = 'Repair it: cc-relay doctor --fix';
  const checks = damage.damages.map(({ kind, settings }) =>
    kind === 'orphan'
      ? report.problem(
          `A relay that managed ${settings.shownAs} was killed; its address is still in it.`,
          remedy,
        )
      : report.warning(`A set-up of ${settings.shownAs} was interrupted before it was written.`, remedy),
  );
  if (damage.leftovers.length > 0) {
    checks.push(report.warning(`Half-written copies lie around: ${damage.leftovers.join(', ')}.`, remedy));
  }
  return checks.length > 0 ? checks : [report.ok('No set-up was interrupted.')];
}
