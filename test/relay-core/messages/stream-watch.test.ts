import { describe, expect, it } from 'vitest';
import { readErrorEnvelope, StreamWatch } from '../../../relay-core/messages/stream-watch.ts';
import { sse, streamEvents } from '../../support/scripted-upstream.ts';

const watchAfter = (...chunks: readonly (string | Buffer)[]): StreamWatch => {
  const watch = new StreamWatch();
  for (const chunk of chunks) watch.push(Buffer.from(chunk));
  return watch;
};

const start = sse('message_start', { message: { id: 'msg_dummy' } });
const ping = sse('ping');
const blockStart = sse('content_block_start', { index: 0 });
const delta = sse('content_block_delta', { index: 0 });
const overloaded = sse('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });

describe('a watched Messages stream', () => {
  it.each([
    ['nothing', [], false],
    ['message_start', [start], false],
    ['message_start and pings', [start, ping, ping], false],
    ['content_block_start', [start, blockStart], true],
    ['a delta whose block start was never sent', [start, delta], true],
    ['message_delta', [start, sse('message_delta')], true],
    ['message_stop', [start, sse('message_stop')], true],
    ['an error', [start, overloaded], false],
    ['an event that nobody knows', [start, sse('something_new')], false],
    ['half of a content_block_start', [start, blockStart.slice(0, -1)], false],
  ])('after %s, says whether the answer has begun', (_what, events, hasBegun) => {
    expect(watchAfter(...events).hasBegun).toBe(hasBegun);
  });

  it.each([
    ['message_delta', [...streamEvents().slice(0, -1)], false],
    ['message_stop', [...streamEvents()], true],
    ['message_stop without its blank line', [streamEvents().join('').slice(0, -1)], false],
    ['an error', [...streamEvents().slice(0, 4), overloaded], false],
  ])('after %s, says whether the answer is whole', (_what, events, hasStopped) => {
    expect(watchAfter(...events).hasStopped).toBe(hasStopped);
  });

  it('judges a complete stream alike, wherever it is cut in two', () => {
    const events = streamEvents('Grüße \u{1f980}\r\n漢字');
    const bytes = Buffer.from(events.join(''));
    const begunAt = Buffer.byteLength(events.slice(0, 2).join(''));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const watch = watchAfter(bytes.subarray(0, cut));
      expect([cut, watch.hasBegun, watch.hasStopped]).toEqual([cut, cut >= begunAt, cut === bytes.length]);
      watch.push(bytes.subarray(cut));
      expect([watch.hasBegun, watch.hasStopped, watch.isBetweenEvents]).toEqual([true, true, true]);
      expect(watch.error).toBeUndefined();
    }
  });

  it('judges a complete stream alike when it comes byte by byte', () => {
    const bytes = Buffer.from(streamEvents().join(''));
    const watch = watchAfter(...Array.from(bytes, (byte) => Buffer.from([byte])));
    expect([watch.hasBegun, watch.hasStopped, watch.isBetweenEvents]).toEqual([true, true, true]);
  });

  it('judges a stream with CRLF line ends alike', () => {
    const watch = watchAfter(streamEvents().join('').replaceAll('\n', '\r\n'));
    expect([watch.hasBegun, watch.hasStopped, watch.isBetweenEvents]).toEqual([true, true, true]);
  });

  it('judges a stream without event lines alike', () => {
    const watch = watchAfter(
      streamEvents()
        .join('')
        .replaceAll(/^event: .*\n/gm, ''),
    );
    expect([watch.hasBegun, watch.hasStopped]).toEqual([true, true]);
  });

  it('is not deceived by event names inside the data', () => {
    const text = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
    const watch = watchAfter(start, sse('something_new', { text }));
    expect([watch.hasBegun, watch.hasStopped]).toEqual([false, false]);
  });

  it('tells type and message of an error event', () => {
    expect(watchAfter(start, overloaded).error).toEqual({ type: 'overloaded_error', message: 'Overloaded' });
  });

  it('keeps the first of several errors', () => {
    const second = sse('error', { error: { type: 'api_error', message: 'second' } });
    expect(watchAfter(overloaded, second).error?.type).toBe('overloaded_error');
  });

  it('notices an error after the answer has begun', () => {
    const watch = watchAfter(start, blockStart, delta, overloaded);
    expect([watch.hasBegun, watch.hasStopped, watch.error?.type]).toEqual([true, false, 'overloaded_error']);
  });

  it('notices an error event whose data is no JSON', () => {
    expect(watchAfter('event: error\ndata: upstream went away\n\n').error).toEqual({
      type: 'api_error',
      message: '',
    });
  });
});

describe('an error envelope', () => {
  it.each([
    ['{"type":"error","error":{"type":"not_found_error","message":"no"}}', 'not_found_error', 'no'],
    ['{"error":{"message":"only words"}}', 'api_error', 'only words'],
    ['{"error":{"type":"api_error"}}', 'api_error', ''],
    ['{"error":{"type":5,"message":null}}', 'api_error', ''],
    ['{"error":"just text"}', 'api_error', ''],
    ['{"error":null}', 'api_error', ''],
    ['{}', 'api_error', ''],
    ['[]', 'api_error', ''],
    ['null', 'api_error', ''],
    ['<html>', 'api_error', ''],
    ['', 'api_error', ''],
  ])('%s is read as far as it goes', (text, type, message) => {
    expect(readErrorEnvelope(text)).toEqual({ type, message });
  });
});
