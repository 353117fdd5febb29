import { describe, expect, it } from 'vitest';
import { callOf, claudeCodeRequest, destination, openBedrock } from './bedrock-parts.ts';

const { countTokens } = openBedrock();
const build = async (body: object, model: string) => {
  const request = await countTokens?.buildRequest(
    callOf(body, claudeCodeRequest('count-tokens-tools').rawHeaders),
    destination(model),
  );
  const { input } = JSON.parse(request?.body?.toString() ?? '{}');
  return { path: request?.path, body: JSON.parse(Buffer.from(input.invokeModel.body, 'base64').toString()) };
};

describe('counting tokens on Bedrock', () => {
  it('asks the foundation model with the body of an invocation inside', async () => {
    const { body } = claudeCodeRequest('count-tokens-tools');
    const { model: _model, ...rest } = body;
    expect(await build(body, 'claude-opus-5-5')).toEqual({
      path: '/model/anthropic.claude-opus-5-5/count-tokens',
      body: { ...rest, anthropic_version: 'bedrock-2023-05-31', max_tokens: 1 },
    });
  });

  it('leaves out an empty list of tools, and makes room for the thinking', async () => {
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const { body } = await build(
      { model: 'claude-opus-5-5', messages: [], tools: [], thinking },
      'claude-opus-5-5',
    );
    expect(body).toEqual({
      messages: [],
      thinking,
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 1025,
    });
  });

  it('asks for the client’s model where a profile’s ARN names none', async () => {
    const arn = 'arn:aws:bedrock:us-west-2:1:application-inference-profile/abc';
    const { path } = await build({ model: 'claude-haiku-4-5', messages: [] }, arn);
    expect(path).toBe('/model/anthropic.claude-haiku-4-5-20251001-v1:0/count-tokens');
  });

  it.each([
    ['{"inputTokens":42}', 42],
    ['{"input_tokens":42}', undefined],
    ['<html>', undefined],
  ])('reads %s as %s', (answer, tokens) => {
    expect(countTokens?.read(Buffer.from(answer))).toBe(tokens);
  });
});
