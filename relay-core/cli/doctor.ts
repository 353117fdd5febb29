import { parse } from 'node:path';
import type { Check } from '../claude-code/doctor/check.ts';
import { examine } from '../claude-code/doctor/examine.ts';
import { repair } from '../claude-code/repair.ts';
import { locateSettings } from '../claude-code/settings-path.ts';
import { dataFolder } from '../config/data-folder.ts';
import { askHealth } from './ask-health.ts';
import type { Command, CommandContext } from './command.ts';
import { findClaude } from './find-claude.ts';
import { loadConfig } from './open-config.ts';
import { readFlags } from './read-flags.ts';

const usage = 'usage: cc-relay doctor [--fix] [--json] [--config FILE] [--data-dir DIR]';

const options = {
  fix: { type: 'boolean' },
  json: { type: 'boolean' },
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `cc-relay doctor`: what keeps Claude Code from the relay, and what to do; exit code 1 = there is a problem. */
export const doctorCommand: Command = async (context) => {
  const values = readFlags(context.args, options);
  if (values === undefined) {
    context.warn(usage);
    return 2;
  }
  if (values.help) {
    context.print(usage);
    return 0;
  }
  const question = {
    ...context,
    systemFolder: parse(context.workingFolder).root,
    dataFolder: dataFolder({ ...context, dataDir: values['data-dir'] }),
    configFlag: values.config,
    settings: locateSettings(context),
    askHealth,
    loadConfig: (path: string) => loadConfig(context, path),
    findClaude: () => findClaude(context),
  };
  const repaired = values.fix ? await repair(question, context.clock) : { ok: true as const, lines: [] };
  const repairs = repaired.ok ? repaired.lines : repaired.message.split('\n');
  const checks = await examine(question);
  if (values.json) context.print(JSON.stringify({ ok: !hasProblem(checks), repairs, checks }));
  else printReport(context, { repairs, checks });
  return hasProblem(checks) || !repaired.ok ? 1 : 0;
};

const hasProblem = (checks: readonly Check[]): boolean => checks.some(({ state }) => state === 'problem');

const marks = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const;

function printReport(
  context: CommandContext,
  { repairs, checks }: { readonly repairs: readonly string[]; readonly checks: readonly Check[] },
): void {
  for (const line of repairs) context.print(line);
  for (const check of checks) {
    context.print(`${marks[check.state]} ${check.name}: ${check.finding}`);
    if (check.state !== 'ok') context.print(`         → ${check.remedy}`);
  }
  const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length;
  context.print(`${count('problem')} problem(s), ${count('warning')} warning(s).`);
}
