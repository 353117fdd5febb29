import { describe, expect, it } from 'vitest';
import { readClaudeVersion } from '../../../../relay-core/providers/bedrock/claude-version.ts';
import { bedrockModelId, foundationModelId } from '../../../../relay-core/providers/bedrock/model-id.ts';
import { gatewayModels } from './bedrock-parts.ts';

describe('a model’s id on Bedrock', () => {
  it.each(Object.entries(gatewayModels()))('is the official gateway’s for %s', (id, { bedrock }) => {
    expect(bedrockModelId(id, 'us-east-1')).toBe(bedrock);
    expect(bedrockModelId(`${id}[1m]`, 'us-east-1')).toBe(bedrock);
  });

  it.each([
    ['us-west-2', 'us'],
    ['us-gov-west-1', 'us-gov'],
    ['eu-central-1', 'eu'],
    ['ap-northeast-1', 'jp'],
    ['ap-southeast-2', 'au'],
    ['ap-south-1', 'apac'],
    ['sa-east-1', 'global'],
  ])('begins in %s with %s', (region, prefix) => {
    expect(bedrockModelId('claude-opus-5-5', region)).toBe(`${prefix}.anthropic.claude-opus-5-5`);
  });

  it.each([
    'anthropic.claude-opus-5-5',
    'global.anthropic.claude-sonnet-4-6',
    'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc',
    'glm-5.1',
  ])('stays what was mapped: %s', (id) => {
    expect(bedrockModelId(id, 'eu-west-1')).toBe(id);
  });

  it.each([
    ['claude-opus-5-5', 'anthropic.claude-opus-5-5'],
    ['claude-haiku-4-5', 'anthropic.claude-haiku-4-5-20251001-v1:0'],
    ['us.anthropic.claude-opus-4-6-v1', 'anthropic.claude-opus-4-6-v1'],
    ['us-gov.anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
    ['arn:aws:bedrock:us-west-2:1:inference-profile/us.anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
    ['arn:aws:bedrock:us-west-2:1:application-inference-profile/abc', undefined],
  ])('%s runs on the foundation model %s', (id, foundation) => {
    expect(foundationModelId(id)).toBe(foundation);
  });

  it.each([
    ['claude-opus-5-5', 'opus', 505],
    ['claude-fable-5', 'fable', 500],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', 'sonnet', 400],
    ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'haiku', 405],
    ['us.anthropic.claude-opus-4-6-v1', 'opus', 406],
  ])('%s names %s %i', (id, family, version) => {
    expect(readClaudeVersion(id)).toEqual({ family, version });
  });

  it('of another maker names no Claude', () => {
    expect(readClaudeVersion('glm-5.1')).toBeUndefined();
  });
});
