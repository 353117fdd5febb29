/** Ids on Bedrock that no rule gives (protocol.md 2.5), and the undated names that Claude Code sends of dated models. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ['claude-opus-4-6', 'claude-opus-4-6-v1'],
  ['claude-opus-4-5', 'claude-opus-4-5-20251101-v1:0'],
  ['claude-opus-4-1', 'claude-opus-4-1-20250805-v1:0'],
  ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929-v1:0'],
  ['claude-haiku-4-5', 'claude-haiku-4-5-20251001-v1:0'],
]);

/** The prefix of cross-region inference profiles, by the beginning of the region that is asked. */
const geographies: readonly (readonly [region: string, prefix: string])[] = [
  ['us-gov-', 'us-gov'],
  ['us-', 'us'],
  ['eu-', 'eu'],
  ['ap-northeast-1', 'jp'],
  ['ap-northeast-3', 'jp'],
  ['ap-southeast-2', 'au'],
  ['ap-southeast-4', 'au'],
  ['ap-', 'apac'],
];

const longContextMark = '[1m]';
const datedModel = /^claude-.*-\d{8}$/;
const bareClaude = /^claude-/;
const profilePrefix = /^(?:us|us-gov|eu|apac|jp|au|global)\./;
const foundationModel = /^anthropic\./;

const withoutMark = (id: string): string =>
  id.endsWith(longContextMark) ? id.slice(0, -longContextMark.length) : id;

/** The name behind `anthropic.`: dated models have a version of their own there. */
const nameOnBedrock = (claudeId: string): string =>
  exceptions.get(claudeId) ?? (datedModel.test(claudeId) ? `${claudeId}-v1:0` : claudeId);

/** The inference profile of a Claude model where `region` is asked; any other id, an ARN included, as it is. */
export const bedrockModelId = (claudeId: string, region: string): string => {
  const id = withoutMark(claudeId);
  if (!bareClaude.test(id)) return id;
  const prefix = geographies.find(([start]) => region.startsWith(start))?.[1] ?? 'global';
  return `${prefix}.anthropic.${nameOnBedrock(id)}`;
};

/** The foundation model behind what was asked for: CountTokens knows no profiles. Undefined = its id does not tell. */
export const foundationModelId = (asked: string): string | undefined => {
  const id = withoutMark(asked);
  if (bareClaude.test(id)) return `anthropic.${nameOnBedrock(id)}`;
  const named = id.slice(id.lastIndexOf('/') + 1).replace(profilePrefix, '');
  return foundationModel.test(named) ? named : undefined;
};
