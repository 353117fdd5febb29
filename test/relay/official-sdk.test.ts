import AnthropicV0 from '@anthropic-ai/sdk';
import AnthropicV1 from 'anthropic-sdk-v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  errorAnswer,
  ScriptedUpstream,
  sse,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  relay = await startRelay({ file: { providers: [providerAt(upstream.url)] } });
});
afterEach(async () => {
  await relay.stop();
  await upstream.stop();
});

const request = {
  model: 'claude-dummy',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'hi' }],
};

const toolEvents = [
  streamEvents()[0] ?? '',
  sse('content_block_start', {
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_dummy', name: 'weather', input: {} },
  }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '{"city":' } }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '"Zürich"}' } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 9 },
  }),
  sse('message_stop'),
];

// The dialect of Claude Code (0.x, 2023-06-01) and today's (1.x) behave alike here, through types of their own.
const clients = [
  ['0.128', () => new AnthropicV0({ baseURL: relay.url, apiKey: 'dummy-client', maxRetries: 0 })],
  [
    '1.11',
    () =>
      new AnthropicV1({
        baseURL: relay.url,
        apiKey: 'dummy-client',
        maxRetries: 0,
      }) as unknown as AnthropicV0,
  ],
] as const;

describe.each(clients)('the official SDK %s through the relay', (_version, connect) => {
  it('gets a whole message', async () => {
    const message = await connect().messages.create(request);
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello' }]);
  });

  it('streams text', async () => {
    upstream.always(streamAnswer(streamEvents('streamed')));
    const stream = connect().messages.stream(request);
    const texts: string[] = [];
    stream.on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts).toEqual(['streamed']);
    expect(message.stop_reason).toBe('end_turn');
  });

  it('calls a tool', async () => {
    upstream.always(streamAnswer(toolEvents));
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const, properties: {} } }];
    const message = await connect()
      .messages.stream({ ...request, tools })
      .finalMessage();
    expect(message.content).toMatchObject([{ type: 'tool_use', name: 'weather', input: { city: 'Zürich' } }]);
    expect(JSON.parse(upstream.requests[0]?.body.toString() ?? '').tools).toEqual(tools);
  });

  it('lists models page by page and finds one', async () => {
    const ids: string[] = [];
    for await (const model of connect().models.list({ limit: 4 })) ids.push(model.id);
    expect(ids).toContain('claude-opus-5-5');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(4);
    const model = await connect().models.retrieve('claude-opus-5-5');
    expect(model).toMatchObject({ type: 'model', display_name: 'Claude Opus 5.5' });
  });

  it('gets an upstream’s error as its own', async () => {
    upstream.always(errorAnswer(400, 'invalid_request_error', { message: 'prompt is too long' }));
    const failure = await connect()
      .messages.create(request)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      status: 400,
      requestID: 'req_upstream',
      error: { error: { message: 'prompt is too long' } },
    });
  });

  it('notices a stream that was cut', async () => {
    upstream.always(streamAnswer(streamEvents().slice(0, 4)));
    await expect(connect().messages.stream(request).finalMessage()).rejects.toThrow();
  });
});
