import type { MessagesCall } from '../provider.ts';
import { noBetas, toInvokeBody } from './invoke-body.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** A CountTokens request (AWS API reference, "CountTokens"): the body of an InvokeModel request inside, as base64. */
export const toCountBody = (call: MessagesCall): Buffer => {
  const body = toInvokeBody(call, noBetas);
  const { tools, thinking } = body;
  const budget =
    isRecord(thinking) && typeof thinking.budget_tokens === 'number' ? thinking.budget_tokens : 0;
  const asked = typeof body.max_tokens === 'number' ? body.max_tokens : 0;
  // No tools at all is refused, and so is room for less than the thinking that was asked for.
  const { tools: _tools, ...rest } = body;
  const counted = {
    ...(Array.isArray(tools) && tools.length === 0 ? rest : body),
    max_tokens: Math.max(asked, budget + 1),
  };
  const inner = Buffer.from(JSON.stringify(counted)).toString('base64');
  return Buffer.from(JSON.stringify({ input: { invokeModel: { body: inner } } }));
};

/** The number in a CountTokens answer; undefined = it has none. */
export const readInputTokens = (body: Buffer): number | undefined => {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    return isRecord(answer) && typeof answer.inputTokens === 'number' ? answer.inputTokens : undefined;
  } catch {
    return undefined;
  }
};
