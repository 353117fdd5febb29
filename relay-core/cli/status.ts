import { describeStatus, findRelayStatus } from '../claude-code/relay-status.ts';
import { dataFolder } from '../config/data-folder.ts';
import { askHealth } from './ask-health.ts';
import type { Command } from './command.ts';
import { readFlags } from './read-flags.ts';

const usage = 'usage: cc-relay status [--data-dir DIR] [--json]';

const options = {
  json: { type: 'boolean' },
  'data-dir': { type: 'string' },
  // The documented flag of all commands; the status is that of the data folder.
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `cc-relay status`: whether the relay of the data folder runs; exit code 0 = it does, 1 = it does not. */
export const statusCommand: Command = async (context) => {
  const values = readFlags(context.args, options);
  if (values === undefined) {
    context.warn(usage);
    return 2;
  }
  if (values.help) {
    context.print(usage);
    return 0;
  }
  const status = await findRelayStatus(dataFolder({ ...context, dataDir: values['data-dir'] }), askHealth);
  const isRunning = status.kind === 'running';
  if (values.json) {
    const { pid, address, startedAt } = status.kind === 'running' ? status.note : {};
    const since = startedAt === undefined ? null : new Date(startedAt).toISOString();
    const facts = { running: isRunning, address: address ?? null, pid: pid ?? null, startedAt: since };
    context.print(JSON.stringify({ ...facts, message: describeStatus(status) }));
  } else {
    context.print(describeStatus(status));
  }
  return isRunning ? 0 : 1;
};
