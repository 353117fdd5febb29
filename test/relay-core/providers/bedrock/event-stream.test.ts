import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EventStreamDecoder } from '../../../../relay-core/providers/bedrock/event-stream.ts';
import { chunkFrame, exceptionFrame, frame, openBedrock } from './bedrock-parts.ts';

const events = [
  '{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":5}}}',
  '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
  '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße 🦀\\n"}}',
  '{"type":"content_block_stop","index":0}',
  '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}',
  '{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":4}}',
];
const wire = Buffer.concat(events.map(chunkFrame));
const sse = events.map((json) => `event: ${JSON.parse(json).type}\ndata: ${json}\n\n`).join('');

const decode = (pieces: readonly Buffer[]) => {
  const decoder = new EventStreamDecoder([]);
  const text = Buffer.concat(pieces.map((piece) => decoder.push(piece))).toString('utf8');
  return { text, fault: decoder.end() };
};

describe('Bedrock’s event stream', () => {
  it('becomes Anthropic’s server-sent events, their JSON as it came', () => {
    expect(decode([wire])).toEqual({ text: sse, fault: undefined });
  });

  it('may be cut at every byte', () => {
    for (let at = 0; at <= wire.length; at += 1)
      expect(decode([wire.subarray(0, at), wire.subarray(at)])).toEqual({ text: sse, fault: undefined });
    expect(decode([...wire].map((byte) => Buffer.from([byte])))).toEqual({ text: sse, fault: undefined });
  });

  it('gives an event as soon as its last byte is there', () => {
    const decoder = new EventStreamDecoder([]);
    const first = chunkFrame(events[0] ?? '');
    expect(decoder.push(first.subarray(0, -1)).length).toBe(0);
    expect(decoder.push(first.subarray(-1)).toString()).toContain('event: message_start\n');
  });

  it.each(Array.from({ length: chunkFrame(events[1] ?? '').length }, (_unused, at) => at))(
    'is broken by one wrong bit in byte %i',
    (at) => {
      const damaged = Buffer.from(chunkFrame(events[1] ?? ''));
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decode([chunkFrame(events[0] ?? ''), damaged])).toThrow();
    },
  );

  it.each([15, 25_428_001])('is broken by a frame of %i bytes, whose prelude is sound', (length) => {
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(length, 0);
    prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
    expect(() => decode([prelude])).toThrow('impossible length');
  });

  it('is not whole without message_stop, nor inside a frame', () => {
    const early = Buffer.concat(events.slice(0, 3).map(chunkFrame));
    expect(decode([early]).fault).toBe('the event stream ended before message_stop');
    expect(decode([wire.subarray(0, -1)]).fault).toBe('the event stream ended inside a frame');
    expect(decode([]).fault).toBe('the event stream ended before message_stop');
  });

  it.each([
    ['throttlingException', 'rate_limit_error', 'rate-limited'],
    ['serviceUnavailableException', 'overloaded_error', 'overloaded'],
    ['modelTimeoutException', 'overloaded_error', 'overloaded'],
    ['internalServerException', 'api_error', 'server-error'],
    ['modelStreamErrorException', 'api_error', 'server-error'],
    ['validationException', 'invalid_request_error', 'invalid-request'],
    ['neverHeardOfException', 'api_error', 'server-error'],
  ])('says %s as %s', (exception, type, kind) => {
    const { text, fault } = decode([exceptionFrame(exception, 'why "it" failed')]);
    expect(text).toBe(
      `event: error\ndata: {"type":"error","error":{"type":"${type}","message":"why \\"it\\" failed"}}\n\n`,
    );
    expect(fault).toBeUndefined();
    expect(openBedrock().classifyStreamError({ type, message: '' }, 0).kind).toBe(kind);
  });

  it('says an error frame, an exception without a text, and a prompt that is too long', () => {
    const error = frame({
      ':message-type': 'error',
      ':error-code': 'InternalError',
      ':error-message': 'something broke',
    });
    expect(decode([error]).text).toContain('"type":"api_error","message":"something broke"');
    const silent = frame({ ':message-type': 'exception', ':exception-type': 'throttlingException' });
    expect(decode([silent]).text).toContain('"message":"throttlingException"');
    const long = exceptionFrame('validationException', 'Input is too long for requested model.');
    expect(decode([long]).text).toContain('"prompt is too long: Input is too long for requested model."');
  });

  it('leaves out what is no event of the model’s', () => {
    const announcement = frame({ ':message-type': 'event', ':event-type': 'initial-response' });
    expect(decode([announcement, wire]).text).toBe(sse);
  });

  it('keeps JSON of several lines in one event', () => {
    expect(decode([chunkFrame('{\n"type": "ping"\n}')]).text).toBe(
      'event: ping\ndata: {\ndata: "type": "ping"\ndata: }\n\n',
    );
  });
});

describe('an answer of Bedrock', () => {
  const { decodeReply } = openBedrock();

  it('is decoded by its type, and carries Anthropic’s headers', () => {
    const decoder = decodeReply?.({
      status: 200,
      headers: [
        ...['Content-Type', 'application/vnd.amazon.eventstream', 'x-amzn-RequestId', 'abc-1'],
        ...['X-Amzn-Bedrock-Content-Type', 'application/json', 'Date', 'today'],
      ],
    });
    expect(decoder?.headers).toEqual([
      ...['content-type', 'text/event-stream; charset=utf-8', 'request-id', 'abc-1', 'Date', 'today'],
    ]);
  });

  it('passes as it is when it is JSON', () => {
    expect(decodeReply?.({ status: 200, headers: ['content-type', 'application/json'] })).toBeUndefined();
  });
});
