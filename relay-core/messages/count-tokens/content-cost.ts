import { isJsonObject, type JsonObject } from '../json-object.ts';
import { imageSizeIn } from './image-size.ts';
import { imageTokens } from './image-tokens.ts';
import { listIn, stringIn } from './json-values.ts';
import type { ModelFacts } from './model-facts.ts';
import { pdfTokens } from './pdf-tokens.ts';
import { costOfText } from './text-tokens.ts';

/** Guessed, as nothing is published: the tags around a call, and around its result. */
const costOfFrame = 10_000;
/** base64 of encrypted bytes: about as many tokens as the reasoning it hides, at four characters a token. */
const charactersOfRedactedToken = 5;

/** Thousandths of a token that a value costs when it is written as JSON. */
export const costOfJson = (value: unknown, { tokenizer }: ModelFacts): number =>
  costOfText(JSON.stringify(value) ?? '', tokenizer);

const costOfImage = (block: JsonObject, facts: ModelFacts): number => {
  const source = isJsonObject(block.source) ? block.source : {};
  const size = imageSizeIn(stringIn(source, 'data'));
  // Of a URL or a file id only the limit is known.
  return 1000 * (size === undefined ? facts.image.tokens : imageTokens(size, facts.image));
};

const costOfSource = (source: JsonObject, facts: ModelFacts): number => {
  switch (source.type) {
    case 'text':
      return costOfText(stringIn(source, 'data'), facts.tokenizer);
    case 'content':
      return costOfContent(source.content, facts);
    case 'base64':
      return 1000 * pdfTokens(stringIn(source, 'data'), facts.tokenizer);
    default:
      return 1000 * pdfTokens(undefined, facts.tokenizer);
  }
};

const costOfFields = (block: JsonObject, names: readonly string[], facts: ModelFacts): number =>
  names.reduce((sum, name) => sum + costOfText(stringIn(block, name), facts.tokenizer), 0);

const costOfDocument = (block: JsonObject, facts: ModelFacts): number =>
  costOfFields(block, ['title', 'context'], facts) +
  (isJsonObject(block.source) ? costOfSource(block.source, facts) : 0);

const costOfBlock = (block: JsonObject, facts: ModelFacts): number => {
  switch (block.type) {
    case 'text':
      return costOfFields(block, ['text'], facts);
    case 'thinking':
      // The signature is checked, not read.
      return costOfFields(block, ['thinking'], facts);
    case 'redacted_thinking':
      return 1000 * Math.ceil(stringIn(block, 'data').length / charactersOfRedactedToken);
    case 'image':
      return costOfImage(block, facts);
    case 'document':
      return costOfDocument(block, facts);
    case 'search_result':
      return costOfFields(block, ['title', 'source'], facts) + costOfContent(block.content, facts);
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return costOfFrame + costOfFields(block, ['name'], facts) + costOfJson(block.input ?? {}, facts);
    case 'tool_result':
    case 'mcp_tool_result':
      return costOfFrame + costOfContent(block.content, facts);
    default:
      return costOfJson(block, facts);
  }
};

/** Thousandths of a token of a `content` or `system`: a string, or blocks; anything else costs nothing. */
export const costOfContent = (content: unknown, facts: ModelFacts): number => {
  if (typeof content === 'string') return costOfText(content, facts.tokenizer);
  if (!Array.isArray(content)) return 0;
  return content.reduce<number>(
    (sum, block) => sum + (isJsonObject(block) ? costOfBlock(block, facts) : 0),
    0,
  );
};

const costOfMessage = (message: unknown, facts: ModelFacts): number =>
  isJsonObject(message) ? costOfContent(message.content, facts) : 0;

/** Thousandths of a token of all messages' contents. */
export const costOfMessages = (body: JsonObject, facts: ModelFacts): number =>
  listIn(body, 'messages').reduce<number>((sum, message) => sum + costOfMessage(message, facts), 0);
