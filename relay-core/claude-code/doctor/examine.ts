import type { Config } from '../../config/config.ts';
import { formatProblem } from '../../config/format-problem.ts';
import { locateConfig } from '../../config/locate-config.ts';
import { addressOf, defaultAddress } from '../relay-address.ts';
import { findRelayStatus } from '../relay-status.ts';
import { type Check, reporter } from './check.ts';
import { checkAddress } from './check-address.ts';
import { checkConfig } from './check-config.ts';
import { checkDataFolder } from './check-data-folder.ts';
import { checkEditors } from './check-editors.ts';
import { checkProxy } from './check-proxy.ts';
import { checkRelay, checkUnfinished } from './check-relay.ts';
import { checkManaged, checkProject, checkSettings } from './check-settings.ts';
import { checkShell, checkShellFiles } from './check-shell.ts';
import { checkToken } from './check-token.ts';
import { checkWindows } from './check-windows.ts';
import type { ConfigState, Findings } from './findings.ts';
import type { DoctorQuestion } from './question.ts';
import { readLayers } from './settings-layers.ts';

async function readConfigState(question: DoctorQuestion): Promise<ConfigState> {
  const location = await locateConfig(question);
  if (!location.exists && question.configFlag === undefined) return { kind: 'missing' };
  const loaded = await question.loadConfig(location.path);
  if (loaded.ok) return { kind: 'valid', location, config: loaded.config, notices: loaded.notices };
  const lines = loaded.problems.map((problem) => formatProblem(location.path, problem));
  return { kind: 'invalid', location, lines };
}

const plannedAddress = (config: Config | undefined): string =>
  config === undefined ? defaultAddress : addressOf(config.server);

async function gather(question: DoctorQuestion): Promise<Findings> {
  const [layers, status, configState] = await Promise.all([
    readLayers(question),
    findRelayStatus(question.dataFolder, question.askHealth),
    readConfigState(question),
  ]);
  const config = configState.kind === 'valid' ? configState.config : undefined;
  const relayAddress = status.kind === 'running' ? status.note.address : plannedAddress(config);
  return { question, layers, status, configState, relayAddress };
}

async function checkClaude({ question }: Findings): Promise<readonly Check[]> {
  const report = reporter('Claude Code');
  const program = await question.findClaude();
  if (program === undefined) {
    return [
      report.warning(
        'There is no claude on the PATH of this shell.',
        'Install it: npm install -g @anthropic-ai/claude-code',
      ),
    ];
  }
  return [report.ok(`${program.path}: ${program.version ?? 'it did not tell its version'}.`)];
}

/** Examines relay, settings and surroundings. Writes nothing, and asks nobody but the relay and `claude`. */
export async function examine(question: DoctorQuestion): Promise<readonly Check[]> {
  const findings = await gather(question);
  const checks = await Promise.all([
    checkRelay(findings),
    checkUnfinished(findings),
    checkSettings(findings),
    checkAddress(findings),
    checkToken(findings),
    checkShell(findings),
    checkShellFiles(findings),
    checkProject(findings),
    checkManaged(findings),
    checkEditors(findings),
    checkProxy(findings),
    checkConfig(findings),
    checkDataFolder(findings),
    checkWindows(findings),
    checkClaude(findings),
  ]);
  return checks.flat();
}
