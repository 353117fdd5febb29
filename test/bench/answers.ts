/** What the scripted upstream answers; the client compares every byte with it. */

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const textDelta = (index: number): string =>
  event('content_block_delta', {
    index: 0,
    delta: { type: 'text_delta', text: ` piece ${index} of the answer, as long as most are` },
  });

const deltaCount = 44;

/** A Messages stream of 50 events, about 8 KB. */
export const streamEvents: readonly string[] = [
  event('message_start', {
    message: {
      id: 'msg_dummy',
      type: 'message',
      role: 'assistant',
      model: 'claude-dummy',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 12, cache_creation_input_tokens: 240, cache_read_input_tokens: 15_000 },
    },
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('ping'),
  ...Array.from({ length: deltaCount }, (_, index) => textDelta(index)),
  event('content_block_stop', { index: 0 }),
  event('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 512 },
  }),
  event('message_stop'),
];

/** The bytes of the stream. */
export const streamAnswer: Buffer = Buffer.from(streamEvents.join(''));

/** The bytes of a whole message, about 2 KB. */
export const jsonAnswer: Buffer = Buffer.from(
  JSON.stringify({
    id: 'msg_dummy',
    type: 'message',
    role: 'assistant',
    model: 'claude-dummy',
    content: [{ type: 'text', text: 'A sentence of the answer, "quoted".\n'.repeat(45) }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 12, cache_read_input_tokens: 15_000, output_tokens: 512 },
  }),
);
