import { describe, expect, it } from 'vitest';
import { holdAnswer } from '../../../../relay-core/pipeline/hold-answer.ts';
import { DecodedBody } from '../../../../relay-core/upstreams/decoded-body.ts';
import { ReplyBody } from '../../../../relay-core/upstreams/reply-body.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { chunkFrame, exceptionFrame, openBedrock } from './bedrock-parts.ts';

const start = chunkFrame('{"type":"message_start","message":{"id":"msg_1"}}');
const block = chunkFrame(
  '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
);

/** What the engine makes of an answer of these frames that then ends. */
const hold = (frames: readonly Buffer[]) => {
  const adapter = openBedrock();
  const source = new ReplyBody({ pause: () => {}, resume: () => {}, abort: () => {} });
  for (const frame of frames) source.push(frame);
  source.finish({ kind: 'end' });
  const head = { status: 200, headers: ['content-type', 'application/vnd.amazon.eventstream'] };
  const decoder = adapter.decodeReply?.(head);
  if (decoder === undefined) throw new Error('no decoder');
  const reply = { status: 200, headers: decoder.headers, body: new DecodedBody(source, decoder) };
  return holdAnswer(reply, { clock: new FakeClock(), holdMs: 1_000, adapter });
};

describe('a stream of Bedrock that the engine holds', () => {
  it('is an answer once its content begins', async () => {
    expect(await hold([start, block])).toMatchObject({ kind: 'answered', answer: { isOpen: true } });
  });

  it.each([[[]], [[start]]])(
    'may fail over on an exception before its content (after %#)',
    async (before) => {
      const held = await hold([...before, exceptionFrame('throttlingException', 'slow down')]);
      expect(held).toMatchObject({ kind: 'failed', failure: { kind: 'rate-limited' } });
    },
  );

  it('is broken when it ends, or is damaged, before its content', async () => {
    const damaged = Buffer.from(start);
    damaged[20] = (damaged[20] ?? 0) ^ 1;
    expect(await hold([start])).toMatchObject({
      failure: { kind: 'stream-broken', detail: expect.stringContaining('before message_stop') },
    });
    expect(await hold([damaged])).toMatchObject({ failure: { kind: 'stream-broken' } });
  });
});
