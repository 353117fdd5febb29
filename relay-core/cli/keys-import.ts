import { readGuarded } from '../claude-code/guarded-file.ts';
import { showPath } from '../claude-code/settings-path.ts';
import { locateConfig } from '../config/locate-config.ts';
import { formatOf } from '../config/parse-config-text.ts';
import type { SecretStore } from '../ports.ts';
import { applyImport } from '../secrets/apply-import.ts';
import { type ImportPlan, linesWithKeys, planImport } from '../secrets/plan-import.ts';
import type { CommandContext } from './command.ts';

type ImportWish = { readonly configFlag: string | undefined; readonly isDryRun: boolean };

/** `cc-relay keys import`: moves the plain keys of a config into the key chain; 1 if any of them stays. */
export async function importKeys(
  context: CommandContext,
  store: SecretStore,
  { configFlag, isDryRun }: ImportWish,
): Promise<number> {
  const refuse = (message: string): number => {
    context.warn(message);
    return 1;
  };
  const { path } = await locateConfig({ ...context, configFlag });
  const shownAs = showPath(path, context.homeFolder);
  const read = await readGuarded(path);
  if (!read.ok) return refuse(read.message);
  const { file } = read;
  if (file.text === undefined) return refuse(`${shownAs}: there is no such file`);
  const plan = await planImport({ text: file.text, format: formatOf(path) ?? 'yaml' }, store);
  if (plan.kind === 'unavailable') return refuse(`Nothing was moved: ${plan.reason}. ${plan.remedy}`);
  if (plan.kind === 'refused') return refuse(`${shownAs}: ${plan.message}`);

  show(context, shownAs, plan);
  const code = plan.left.length === 0 ? 0 : 1;
  if (plan.moves.length === 0) return code;
  if (isDryRun) {
    context.print('Dry run: nothing was written.');
    return code;
  }
  const done = await applyImport({ file, plan, store }, context.clock.now());
  if (!done.ok) return refuse(done.message);
  context.print(`${plan.moves.length} of the keys in ${shownAs} moved to the key chain.`);
  if (done.backupPath !== undefined) {
    const backup = showPath(done.backupPath, context.homeFolder);
    context.print(`Backup: ${backup} still holds the plain keys; delete it once the relay works.`);
  }
  const lines = linesWithKeys(plan.text, plan.moves);
  if (lines.length > 0) context.warn(`${shownAs} still holds a moved key, in line ${lines.join(', ')}.`);
  return code;
}

function show(context: CommandContext, shownAs: string, { moves, diff, left }: ImportPlan): void {
  for (const reason of left) context.warn(`${shownAs}: ${reason}`);
  if (moves.length === 0 && left.length === 0) context.print(`${shownAs} has no plain keys.`);
  if (moves.length === 0) return;
  for (const line of [`--- ${shownAs}`, `+++ ${shownAs}`, ...diff]) context.print(line);
}
