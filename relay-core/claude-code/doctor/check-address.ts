import { isLoopbackAddress, isSameRelay } from '../relay-address.ts';
import type { HealthAnswer } from '../relay-health.ts';
import { describeAnswer } from '../relay-status.ts';
import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';
import { type Effective, effective } from './settings-layers.ts';

const report = reporter('address');
const setUpAgain = 'Correct it: cc-relay claude init';

/** The address at which Claude Code looks for this relay; undefined = it looks elsewhere. */
export function relayAddressOf({ layers, relayAddress }: Findings): Effective | undefined {
  const found = effective(layers, 'ANTHROPIC_BASE_URL');
  if (found === undefined) return undefined;
  const isOurs = isLoopbackAddress(found.value) || found.value === relayAddress;
  return isOurs ? found : undefined;
}

/** How the user gets rid of an address; only the user's own settings can be given back by us. */
function removal({ layer }: Effective): string {
  switch (layer.kind) {
    case 'user':
      return 'go back to Anthropic: cc-relay claude remove';
    case 'shell':
      return 'unset ANTHROPIC_BASE_URL';
    case 'project':
    case 'managed':
      return `delete ANTHROPIC_BASE_URL from ${layer.shownAs}`;
  }
}

function judge(findings: Findings, found: Effective, answer: HealthAnswer): Check {
  const { status } = findings;
  // The rest of it may hold a credential.
  const shown = URL.parse(found.value)?.origin ?? 'no valid address';
  const where = `${found.layer.shownAs} sends Claude Code to ${shown}`;
  if (/\/v1\/?$/.test(URL.parse(found.value)?.pathname ?? ''))
    return report.problem(`${where}: Claude Code appends /v1 itself.`, setUpAgain);
  if (answer.kind === 'relay') return report.ok(`${where}, where CC-Relay answers.`);
  if (status.kind === 'running' && !isSameRelay(found.value, status.note.address)) {
    const finding = `${where}, but the running relay listens at ${status.note.address}.`;
    return report.problem(finding, setUpAgain);
  }
  const finding = `${where}, but ${describeAnswer(answer)} there: Claude Code cannot work.`;
  if (answer.kind === 'nobody') {
    return report.problem(finding, `Start the relay: cc-relay serve — or ${removal(found)}`);
  }
  return report.problem(
    finding,
    `Stop that program and start the relay: cc-relay serve — or ${removal(found)}`,
  );
}

/** Whether a relay answers where Claude Code looks for it. */
export async function checkAddress(findings: Findings): Promise<readonly Check[]> {
  const anywhere = effective(findings.layers, 'ANTHROPIC_BASE_URL');
  if (anywhere === undefined || anywhere.value === '') {
    return [
      report.warning(
        'Claude Code is not set up: it does not use the relay.',
        'Set it up: cc-relay claude init',
      ),
    ];
  }
  const found = relayAddressOf(findings);
  if (found === undefined) {
    const finding = `${anywhere.layer.shownAs} sends Claude Code to another address than this relay.`;
    return [report.warning(finding, 'If that is not meant: cc-relay claude init')];
  }
  return [judge(findings, found, await findings.question.askHealth(found.value))];
}
