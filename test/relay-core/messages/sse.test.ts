import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseEvent, SseScanner } from '../../../relay-core/messages/sse.ts';

const scan = (...chunks: readonly (Buffer | string)[]): readonly SseEvent[] => {
  const events: SseEvent[] = [];
  const scanner = new SseScanner((event) => events.push(event));
  for (const chunk of chunks) scanner.push(Buffer.from(chunk));
  return events;
};

const cutAt = (bytes: Buffer, places: readonly number[]): readonly Buffer[] => {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const eventNames = ['message_start', 'content_block_start', 'content_block_delta', 'ping', 'error'];
const lineText = fc
  .string({ unit: 'binary', maxLength: 12 })
  .map((text) => text.replaceAll(/[\r\n]/g, '\u{1f980}é'));
const afterColon = fc.constantFrom('', ' ', '  ');
const eventLine = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(afterColon, fc.constantFrom(...eventNames))
      .map(([space, name]) => `event:${space}${name}`),
  },
  { weight: 3, arbitrary: fc.tuple(afterColon, lineText).map(([space, name]) => `event:${space}${name}`) },
  fc.constant('event'),
);
const typedData = fc
  .tuple(fc.constantFrom(...eventNames), lineText)
  .map(([type, text]) => `data: ${JSON.stringify({ type, text })}`);
const dataLine = fc.oneof(
  fc.tuple(afterColon, lineText).map(([space, text]) => `data:${space}${text}`),
  typedData,
  fc.constant('data'),
);
const otherLine = fc.oneof(
  fc
    .tuple(fc.constantFrom(':', 'id:', 'retry:', 'data2:', 'events:', 'dat'), lineText)
    .map((p) => p.join('')),
  fc.constantFrom(':', ': keep-alive', 'id', 'even', 'retry: 10'),
);
// One name per event at most: two of them change what the scanner keeps in the middle of an event.
const eventLines = fc
  .tuple(
    fc.array(fc.oneof({ arbitrary: dataLine, weight: 3 }, otherLine), { maxLength: 4 }),
    fc.option(fc.tuple(eventLine, fc.nat(4)), { nil: undefined }),
  )
  .map(([lines, named]) => (named === undefined ? lines : lines.toSpliced(named[1], 0, named[0])));

const lineEnds = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r').map((end) => [end]),
  fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 5 }),
);
/** A stream's bytes; its last event may lack its end. */
const streamBytes = fc
  .tuple(fc.array(eventLines, { maxLength: 6 }), lineEnds, fc.option(eventLine, { nil: undefined }))
  .map(([events, ends, rest]) => {
    const lines = events.flatMap((event) => [...event, '']);
    let whole = '';
    for (const [index, line] of lines.entries()) {
      const end = ends[index % ends.length] ?? '\n';
      // A blank line's LF behind a CR would be the second half of one line end.
      whole += line === '' && end === '\n' && whole.endsWith('\r') ? '\r\n' : line + end;
    }
    return Buffer.from(whole + (rest ?? ''));
  });
const places = fc.array(fc.nat(2000), { maxLength: 12 });

/** The type of JSON in the first line that is not blank. */
const typeOf = (data: string): string => {
  try {
    const parsed: unknown = JSON.parse(data.trimStart().split('\n')[0] ?? '');
    return parsed instanceof Object && 'type' in parsed && typeof parsed.type === 'string' ? parsed.type : '';
  } catch {
    return '';
  }
};

const isUnread = (name: string): boolean => name === 'content_block_delta' || name === 'ping';
const withoutUnread = ({ name, data }: SseEvent) => (isUnread(name) ? { name } : { name, data });

const oracleEvents = (bytes: Buffer): readonly SseEvent[] => {
  const events: SseEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ name: event || typeOf(data), data }),
  });
  parser.feed(bytes.toString('utf8'));
  return events;
};

/** Ends in a blank line by the letter of the specification; a last CR may yet be half a line end. */
const endsBetweenEvents = (seen: Buffer): boolean => {
  const lines = seen.toString('latin1').split(/\r\n|\n|\r/);
  if (seen.length === 0) return true;
  return lines.at(-1) === '' && lines.at(-2) === '' && seen.at(-1) !== 0x0d;
};

describe('an SSE scanner', () => {
  it('reads what the reference parser reads, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(streamBytes, places, (bytes, cuts) => {
        expect(scan(...cutAt(bytes, cuts)).map(withoutUnread)).toEqual(
          oracleEvents(bytes).map(withoutUnread),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('reports the same events for one chunk and for one chunk per byte', () => {
    fc.assert(
      fc.property(streamBytes, (bytes) => {
        expect(scan(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(scan(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('is between events exactly when all bytes so far end in a blank line', () => {
    fc.assert(
      fc.property(streamBytes, places, (bytes, cuts) => {
        const scanner = new SseScanner(() => undefined);
        let seen = Buffer.alloc(0);
        for (const chunk of cutAt(bytes, cuts)) {
          scanner.push(chunk);
          seen = Buffer.concat([seen, chunk]);
          expect(scanner.isBetweenEvents).toBe(endsBetweenEvents(seen));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['nothing at all', '', true],
    ['half a line', 'event: pi', false],
    ['a line without its blank line', 'event: ping\n', false],
    ['a comment without its blank line', ': keep-alive\n', false],
    ['a comment and its blank line', ': keep-alive\n\n', true],
    ['an event', 'event: ping\ndata: {}\n\n', true],
    ['an event with CRLF', 'event: ping\r\ndata: {}\r\n\r\n', true],
    ['a blank line whose CR may still get its LF', 'data: {}\r\n\r', false],
    ['the beginning of the next event', 'data: {}\n\nd', false],
  ])('after %s, says whether it is between events', (_what, text, isBetween) => {
    const scanner = new SseScanner(() => undefined);
    scanner.push(Buffer.from(text));
    expect(scanner.isBetweenEvents).toBe(isBetween);
  });

  it('takes the name from the data where the event line is missing', () => {
    expect(
      scan('data: {"type":"message_stop"}\n\n', 'data: { "type" : "error" }\n\n', 'data: hello\n\n'),
    ).toEqual([
      { name: 'message_stop', data: '{"type":"message_stop"}' },
      { name: 'error', data: '{ "type" : "error" }' },
      { name: '', data: 'hello' },
    ]);
  });

  it('believes the event line where the data names another type', () => {
    expect(scan('event: error\ndata: {"type":"ping"}\n\n')).toEqual([
      { name: 'error', data: '{"type":"ping"}' },
    ]);
  });

  it('does not keep the data of deltas and pings', () => {
    expect(scan('event: content_block_delta\ndata: {"a":1}\n\n', 'event: ping\ndata: {}\n\n')).toEqual([
      { name: 'content_block_delta', data: undefined },
      { name: 'ping', data: undefined },
    ]);
  });

  it('forgets an event that has a name but no data', () => {
    expect(scan('event: error\n\ndata: x\n\n')).toEqual([{ name: '', data: 'x' }]);
  });

  it('does not report an event whose blank line never came', () => {
    expect(scan('event: message_stop\ndata: {"type":"message_stop"}\n')).toEqual([]);
  });

  // WHATWG HTML, "Parsing an event stream": one leading byte order mark is no part of the stream.
  it('reads the first line behind a byte order mark', () => {
    expect(scan('\ufeffdata: {"type":"message_start"}\n\n')).toEqual([
      { name: 'message_start', data: '{"type":"message_start"}' },
    ]);
  });

  it('takes a byte order mark anywhere else for a part of the line', () => {
    expect(scan('data: a\n\n', '\ufeffdata: b\n\n', 'data: \ufeffc\n\n').map(({ data }) => data)).toEqual([
      'a',
      '\ufeffc',
    ]);
  });
});

describe('an SSE scanner whose upstream sends endless lines', () => {
  const pieces = (count: number, bytes = 65_536): readonly Buffer[] =>
    Array.from({ length: count }, () => Buffer.alloc(bytes, 'x'));

  it('drops the data of a 5 MB line and reads on behind it', () => {
    expect(
      scan('event: message_start\ndata: ', ...pieces(80), '\n\n', 'event: message_stop\ndata: {}\n\n'),
    ).toEqual([
      { name: 'message_start', data: undefined },
      { name: 'message_stop', data: '{}' },
    ]);
  });

  it('drops it just the same when it comes in one chunk', () => {
    expect(
      scan(Buffer.concat([Buffer.from('data: '), ...pieces(80), Buffer.from('\n\ndata: next\n\n')])),
    ).toEqual([
      { name: '', data: undefined },
      { name: '', data: 'next' },
    ]);
  });

  it('reads on behind a comment of 5 MB', () => {
    expect(scan(': ', ...pieces(80), '\n\n', 'data: next\n\n')).toEqual([{ name: '', data: 'next' }]);
  });

  it('is not between events while such a line goes on', () => {
    const scanner = new SseScanner(() => undefined);
    for (const piece of pieces(80)) scanner.push(piece);
    expect(scanner.isBetweenEvents).toBe(false);
    scanner.push(Buffer.from('\n\n'));
    expect(scanner.isBetweenEvents).toBe(true);
  });

  it('drops the data of an event with more than 256 KB in many lines', () => {
    const lines = Array.from({ length: 100 }, () => `data: ${'x'.repeat(10_000)}\n`);
    const [event, next] = scan(...lines, '\n', 'data: next\n\n');
    expect(event?.data?.length ?? 0).toBeLessThanOrEqual(262_144);
    expect(next).toEqual({ name: '', data: 'next' });
  });

  it('holds on to no more than 256 KB of a 5 MB line', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc');
    const scanner = new SseScanner(() => undefined);
    const seen: WeakRef<ArrayBufferLike>[] = [];
    for (let count = 0; count < 80; count += 1) {
      const piece = Buffer.alloc(65_536, 'x');
      seen.push(new WeakRef(piece.buffer));
      scanner.push(piece);
    }
    await nextTurn();
    collectGarbage();
    expect(seen.filter((piece) => piece.deref() !== undefined).length).toBeLessThanOrEqual(5);
    expect(scanner.isBetweenEvents).toBe(false);
  });

  // Four pieces of 64 KB are exactly the bound: the cut-off beginning has the length of a line that fits.
  it('never reports a line that was cut off as if it were whole', () => {
    const [first = Buffer.alloc(0), ...rest] = pieces(6);
    first.write('data: ');
    expect(scan(first, ...rest, '\n\n').map(({ data }) => data?.length)).toEqual([undefined]);
  });

  it('never reports part of the data as if it were whole', () => {
    expect(scan('data: {"a":\n', `data: "${'x'.repeat(300_000)}"\n`, 'data: }\n\n')).toEqual([
      { name: '', data: undefined },
    ]);
  });
});
