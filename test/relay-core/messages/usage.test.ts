import { describe, expect, it } from 'vitest';
import { StreamWatch } from '../../../relay-core/messages/stream-watch.ts';
import { usageInBody } from '../../../relay-core/messages/usage.ts';

const event = (type: string, fields: object) =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);

describe('usage of a stream', () => {
  it('is what message_start says, then what message_delta says', () => {
    const watch = new StreamWatch();
    const usage = {
      input_tokens: 12,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 4000,
      output_tokens: 1,
    };
    watch.push(event('message_start', { message: { id: 'msg_dummy', usage } }));
    expect(watch.usage).toEqual({
      inputTokens: 12,
      outputTokens: 1,
      cacheWriteTokens: 3,
      cacheReadTokens: 4000,
    });
    watch.push(
      event('content_block_delta', { delta: { type: 'text_delta', text: '"usage":{"output_tokens":9}' } }),
    );
    watch.push(event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 77 } }));
    expect(watch.usage).toEqual({
      inputTokens: 12,
      outputTokens: 77,
      cacheWriteTokens: 3,
      cacheReadTokens: 4000,
    });
  });

  it.each([
    ['absent', {}],
    ['no object', { message: { usage: 7 } }],
    ['without numbers', { message: { usage: { input_tokens: 'many', output_tokens: -4 } } }],
    ['null', { message: { usage: null } }],
  ])('counts nothing when it is %s', (_name, fields) => {
    const watch = new StreamWatch();
    watch.push(event('message_start', fields));
    const { inputTokens = 0, outputTokens = 0 } = watch.usage ?? {};
    expect([inputTokens, outputTokens]).toEqual([0, 0]);
  });

  it('survives data that is no JSON', () => {
    const watch = new StreamWatch();
    watch.push(Buffer.from('event: message_start\ndata: {"usage": {oops\n\n'));
    expect(watch.usage).toBeUndefined();
  });
});

describe('usage of a whole answer', () => {
  it('is read from the top level only', () => {
    const body = {
      content: [{ type: 'text', text: 'x', usage: { input_tokens: 1 } }],
      usage: { input_tokens: 5, output_tokens: 6 },
    };
    expect(usageInBody(Buffer.from(JSON.stringify(body)))).toEqual({
      inputTokens: 5,
      outputTokens: 6,
      cacheWriteTokens: 0,
      cacheReadTokens: 0,
    });
  });

  it.each(['', '{}', '[1]', '{"usage": null}', '{"usage"'])('is unknown in %j', (text) => {
    expect(usageInBody(Buffer.from(text))).toBeUndefined();
  });
});
