import { isJsonObject, type JsonObject } from '../json-object.ts';
import { costOfJson } from './content-cost.ts';
import { listIn, stringIn } from './json-values.ts';
import type { ModelFacts } from './model-facts.ts';

/** Anthropic's own tools are sent by name only; their published price stands in for the definition (pricing docs). */
const ownTools = [
  { prefix: 'bash_', tokens: 245 },
  { prefix: 'text_editor_', tokens: 700 },
  { prefix: 'computer_', tokens: 735 },
] as const;

const costOfTool = (tool: unknown, facts: ModelFacts): number => {
  // A deferred tool enters the context only when a search finds it (tool-search docs).
  if (!isJsonObject(tool) || tool.defer_loading === true) return 0;
  const type = stringIn(tool, 'type');
  const own = ownTools.find(({ prefix }) => type.startsWith(prefix));
  if (own) return 1000 * own.tokens;
  // cache_control and the like steer the API and are not shown to the model.
  const { name, description, input_schema } = tool;
  return costOfJson(input_schema === undefined ? { name, type } : { name, description, input_schema }, facts);
};

const isForced = (choice: unknown): boolean =>
  isJsonObject(choice) && (choice.type === 'any' || choice.type === 'tool');

/** Thousandths of a token of the tools and of the system prompt that comes with the first of them. */
export const costOfTools = (body: JsonObject, facts: ModelFacts): number => {
  const tools = listIn(body, 'tools');
  if (tools.length === 0) return 0;
  const prompt = isForced(body.tool_choice) ? facts.toolPrompt.forced : facts.toolPrompt.auto;
  return tools.reduce<number>((sum, tool) => sum + costOfTool(tool, facts), 1000 * prompt);
};
