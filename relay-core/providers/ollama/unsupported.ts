import { isJsonObject } from '../../messages/json-object.ts';
import type { MessagesCall } from '../provider.ts';

/** Words without which a request needs none of it: most are spared the parsing. */
const telltales = ['"document"', '"url"', '"tool_choice"'].map((word) => Buffer.from(word));

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const reasonForBlock = (block: unknown): string | undefined => {
  if (!isJsonObject(block)) return undefined;
  if (block.type === 'document') return 'Ollama cannot read documents (PDF)';
  const isUrlImage = block.type === 'image' && isJsonObject(block.source) && block.source.type === 'url';
  if (isUrlImage) return 'Ollama takes images as base64 only, not by URL';
  if (block.type !== 'tool_result') return undefined;
  return firstReason(listOf(block.content));
};

const firstReason = (blocks: readonly unknown[]): string | undefined => {
  for (const block of blocks) {
    const reason = reasonForBlock(block);
    if (reason !== undefined) return reason;
  }
  return undefined;
};

const reasonForMessages = (messages: unknown): string | undefined => {
  for (const message of listOf(messages)) {
    const reason = isJsonObject(message) ? firstReason(listOf(message.content)) : undefined;
    if (reason !== undefined) return reason;
  }
  return undefined;
};

/**
 * Why Ollama cannot serve this request although it would accept it: it silently drops PDFs, image URLs and a
 * forced tool choice (protocol.md 3.1). Undefined = it can.
 */
export const findUnsupported = (call: MessagesCall): string | undefined => {
  if (!telltales.some((word) => call.body.includes(word))) return undefined;
  const request = call.parsed();
  if (!isJsonObject(request)) return undefined;
  const choice = isJsonObject(request.tool_choice) ? request.tool_choice.type : undefined;
  if (choice === 'any' || choice === 'tool') return 'Ollama cannot be forced to use a tool (tool_choice)';
  return reasonForMessages(request.messages);
};
