import { isSameRelay } from '../relay-address.ts';
import { type Check, type CheckName, type Reporter, reporter } from './check.ts';
import type { Findings } from './findings.ts';
import { effective, type Layer } from './settings-layers.ts';
import { cloudSwitches, modeOf } from './variables.ts';

const isSet = (layer: Layer, name: string): boolean => Boolean(layer.env.get(name));

/** Whether the user's own settings can be read and do not contradict themselves. */
export function checkSettings({ layers, question }: Findings): readonly Check[] {
  const report = reporter('settings');
  const { shownAs } = question.settings;
  const user = layers.find(({ kind }) => kind === 'user');
  if (user === undefined) return [report.ok(`There is no ${shownAs}.`)];
  if (user.problem !== undefined)
    return [report.problem(`${user.problem}.`, `Correct ${shownAs}, then: cc-relay claude init`)];
  const clouds = cloudSwitches
    .filter((name) => isSet(user, name) && effective(layers, name)?.layer === user)
    .map((name) =>
      report.problem(
        `env.${name} in ${shownAs} lets Claude Code talk to that cloud itself, past the relay.`,
        `Write "${name}": "" in its "env".`,
      ),
    );
  const credentials = [
    ...(isSet(user, 'ANTHROPIC_API_KEY') ? ['env.ANTHROPIC_API_KEY'] : []),
    ...(user.hasKeyHelper ? ['apiKeyHelper'] : []),
  ].map((name) =>
    report.warning(
      `${name} in ${shownAs} wins over your Claude login: that key is billed.`,
      `To use the subscription delete ${name} from ${shownAs}.`,
    ),
  );
  const checks = [...clouds, ...(modeOf(layers) === 'subscription' ? credentials : [])];
  return checks.length > 0 ? checks : [report.ok(`${shownAs} can be read and does not contradict itself.`)];
}

type Judged = {
  readonly findings: Findings;
  readonly layer: Layer;
  readonly report: Reporter;
};

function remedyFor(layer: Layer, name: string): string {
  return layer.kind === 'managed'
    ? `Ask who administers this computer to take ${name} out of ${layer.shownAs}.`
    : `Delete ${name} from "env" in ${layer.shownAs}.`;
}

function overriddenToken({ findings, layer }: Judged): string | undefined {
  const user = findings.layers.find(({ kind }) => kind === 'user');
  const value = layer.env.get('ANTHROPIC_AUTH_TOKEN');
  if (value === undefined || value === (user?.env.get('ANTHROPIC_AUTH_TOKEN') ?? '')) return undefined;
  return 'replaces the credential that the set-up chose';
}

function overriddenAddress({ findings, layer }: Judged): string | undefined {
  const value = layer.env.get('ANTHROPIC_BASE_URL');
  if (value === undefined || isSameRelay(value, findings.relayAddress)) return undefined;
  return 'sends Claude Code past the relay';
}

function judgeLayer(judged: Judged): readonly Check[] {
  const { layer, report } = judged;
  if (layer.problem !== undefined)
    return [report.warning(`${layer.problem}: its variables are unknown.`, `Correct ${layer.shownAs}.`)];
  const overrides: readonly (readonly [name: string, words: string | undefined])[] = [
    ['ANTHROPIC_BASE_URL', overriddenAddress(judged)],
    ['ANTHROPIC_AUTH_TOKEN', overriddenToken(judged)],
    ...cloudSwitches.map(
      (name) =>
        [name, isSet(layer, name) ? 'lets Claude Code talk to that cloud itself' : undefined] as const,
    ),
  ];
  const problems = overrides.flatMap(([name, words]) =>
    words === undefined
      ? []
      : [report.problem(`${layer.shownAs} sets ${name}, which ${words}.`, remedyFor(layer, name))],
  );
  if (!isSet(layer, 'ANTHROPIC_API_KEY')) return problems;
  const finding = `${layer.shownAs} sets ANTHROPIC_API_KEY, which is sent with every request.`;
  return [...problems, report.warning(finding, remedyFor(layer, 'ANTHROPIC_API_KEY'))];
}

function checkLayers(findings: Findings, kind: 'project' | 'managed', name: CheckName): readonly Check[] {
  const report = reporter(name);
  const layers = findings.layers.filter((layer) => layer.kind === kind);
  const checks = layers.flatMap((layer) => judgeLayer({ findings, layer, report }));
  return checks.length > 0 ? checks : [report.ok(`No ${name} override the set-up.`)];
}

/** Whether settings of the project that the user stands in override the set-up. */
export const checkProject = (findings: Findings): readonly Check[] =>
  checkLayers(findings, 'project', 'project settings');

/** Whether settings that an administrator gave override the set-up. */
export const checkManaged = (findings: Findings): readonly Check[] =>
  checkLayers(findings, 'managed', 'managed settings');
