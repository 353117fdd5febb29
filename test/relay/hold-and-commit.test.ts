import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, type SeenAnswer, smallBody } from '../support/call.ts';
import {
  answer,
  errorAnswer,
  errorBody,
  messageAnswer,
  messageBody,
  type Script,
  ScriptedUpstream,
  sse,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

const impatient = { routing: { patience_ms: 0 } };
const streamBody = smallBody({ stream: true });

let upstream: ScriptedUpstream;
let relay: StartedRelay | undefined;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  await upstream.stop();
});

const open = async (set: Omit<Parameters<typeof startRelay>[0], 'file'> & { file?: object } = {}) => {
  relay = await startRelay({
    ...set,
    file: { providers: [providerAt(upstream.url)], ...impatient, ...set.file },
  });
  return relay;
};

/** Writes the head and these pieces, then leaves the answer open. */
const begin =
  (...pieces: readonly string[]) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_upstream' });
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
  };

const [
  messageStart = '',
  blockStart = '',
  ping = '',
  delta = '',
  blockStop = '',
  messageDelta = '',
  messageStop = '',
] = streamEvents();

describe('the hold', () => {
  it('shows nothing before content_block_start, then everything held', async () => {
    let release = () => {};
    upstream.always((response) => {
      begin(messageStart, ping)(response);
      release = () => response.end([blockStart, messageStop].join(''));
    });
    const { url, events } = await open();
    const answered = call(url, { body: streamBody });
    await upstream.until(() => upstream.requests.length === 1);
    // Another exchange goes all the way meanwhile: the first had every chance to show something.
    upstream.next(messageAnswer());
    await call(url);
    expect(events.filter(({ kind }) => kind === 'exchange-committed')).toHaveLength(1);
    release();
    expect((await answered).text).toBe([messageStart, ping, blockStart, messageStop].join(''));
  });

  it.each([
    ['content_block_start', blockStart],
    ['message_delta', messageDelta],
    ['64 KB', `: ${'x'.repeat(65_536)}\n\n`],
  ])('ends with %s', async (_name, piece) => {
    upstream.always(begin(messageStart, piece));
    const { url, waitFor } = await open();
    const answered = call(url, { body: streamBody }).catch(() => undefined);
    expect((await waitFor('exchange-committed')).status).toBe(200);
    await relay?.stop();
    await answered;
  });

  it('ends 20 s after the upstream’s 200 at the latest, with whatever came', async () => {
    upstream.always(begin(messageStart));
    const { url } = await open({ deadlines: { holdMs: 50 } });
    const seen = await call(url, { body: streamBody, onText: () => relay?.relay.cut() });
    expect(seen.text).toBe(messageStart);
  });

  it('buffers a non-streaming answer whole: its cut becomes an error, not half a message', async () => {
    upstream.always((response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': String(messageBody.length),
      });
      response.write(messageBody.slice(0, 40), () => response.destroy());
    });
    const { url, waitFor } = await open();
    const seen = await call(url);
    expect(seen.status).toBe(502);
    expect(JSON.parse(seen.text)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    const { record } = await waitFor('exchange-completed');
    expect(record.attempts).toMatchObject([
      { mayBeBilled: true, failure: expect.stringContaining('stream-broken') },
    ]);
  });

  it.each([
    ['empty', ''],
    ['HTML', '<html>login</html>'],
    ['an error envelope', errorBody('api_error', 'hidden')],
    ['an error without a type', '{"error":{"code":"1302","message":"hidden"}}'],
    ['half of a message', messageBody.slice(0, -5)],
  ])('takes a 200 that is %s for a failure', async (_name, body) => {
    upstream.always(answer(200, body));
    const { url } = await open();
    const seen = await call(url);
    expect(seen.status).toBe(502);
    expect(seen.headers['request-id']).toMatch(/^req_/);
  });

  it('takes an empty stream and one without content for failures', async () => {
    const { url } = await open();
    upstream.next(
      streamAnswer([]),
      streamAnswer([messageStart]),
      streamAnswer([messageStart, 'event: content_blo']),
    );
    for (let round = 0; round < 3; round += 1)
      expect((await call(url, { body: streamBody })).status).toBe(502);
  });

  it('passes an error event that comes first verbatim when nobody else can serve', async () => {
    const errorEvent = `event: error\ndata: ${errorBody('invalid_request_error', 'no')}\n\n`;
    upstream.always(streamAnswer([messageStart, errorEvent]));
    const { url } = await open();
    const seen = await call(url, { body: streamBody });
    expect(seen.status).toBe(200);
    expect(seen.text).toBe(messageStart + errorEvent);
    expect(seen.isWhole).toBe(true);
  });
});

describe('early commit', () => {
  const slow = { deadlines: { earlyCommitMs: 30, pingEveryMs: 20 } };

  it('gives a streaming client its 200 and pings when the last upstream sends no headers', async () => {
    let answerNow = () => {};
    upstream.always((response, request) => {
      answerNow = () => void streamAnswer()(response, request);
    });
    const { url } = await open(slow);
    const seen = await call(url, {
      body: streamBody,
      onText: (text) => {
        if ((text.match(/event: ping/g)?.length ?? 0) !== 2) return;
        answerNow();
        answerNow = () => {};
      },
    });
    expect(seen.status).toBe(200);
    expect(seen.headers['content-type']).toContain('text/event-stream');
    expect(seen.text).toMatch(/^(event: ping\ndata: {"type": "ping"}\n\n){2,}event: message_start/);
    expect(seen.text.endsWith(messageStop)).toBe(true);
    expect(seen.isWhole).toBe(true);
  });

  it('tells a failure after it as an error event with the upstream’s own words', async () => {
    let answerNow = () => {};
    upstream.always((response, request) => {
      answerNow = () =>
        void errorAnswer(529, 'overloaded_error', { message: 'Overloaded' })(response, request);
    });
    const { url } = await open(slow);
    const seen = await call(url, {
      body: streamBody,
      onText: () => {
        answerNow();
        answerNow = () => {};
      },
    });
    expect(seen.text).toContain(`event: error\ndata: ${errorBody('overloaded_error', 'Overloaded')}\n\n`);
    expect(seen.isWhole).toBe(true);
    expect(upstream.requests).toHaveLength(1);
  });

  it('leaves a client that wants no stream without a 200', async () => {
    let answerNow = () => {};
    upstream.always((response, request) => {
      answerNow = () => void messageAnswer()(response, request);
    });
    const { url, events } = await open(slow);
    const answered = call(url, { body: smallBody({ metadata: { stream: true } }) });
    await upstream.until(() => upstream.requests.length === 1);
    upstream.next(streamAnswer());
    await call(url, { body: streamBody });
    const committed = events.filter(({ kind }) => kind === 'exchange-committed').length;
    answerNow();
    expect(committed).toBe(1);
    expect((await answered).text).toBe(messageBody);
  });

  it('gives up at server.timeout_ms: 504 without it, an error event after it', async () => {
    upstream.always(() => undefined);
    const file = { server: { timeout_ms: 150 } };
    const { url } = await open({ file });
    const plain = await call(url);
    expect(plain.status).toBe(504);
    expect(JSON.parse(plain.text).error.type).toBe('timeout_error');
    await relay?.stop();
    const { url: slowUrl } = await open({ file, ...slow });
    const seen = await call(slowUrl, { body: streamBody });
    expect(seen.status).toBe(200);
    expect(seen.text).toContain('event: error\ndata: {"type":"error","error":{"type":"timeout_error"');
  });
});

describe('after the commit point', () => {
  const first = [messageStart, blockStart, delta];

  const broken = (seen: SeenAnswer, text: string) => {
    expect(seen.status).toBe(200);
    expect(seen.text).toBe(text);
    expect(seen.isWhole).toBe(false);
  };

  it.each<[string, Script]>([
    ['a clean end without message_stop', streamAnswer([...first, blockStop])],
    [
      'a reset',
      (response) => {
        begin(...first)(response);
        response.write(blockStop, () => setImmediate(() => response.socket?.resetAndDestroy()));
      },
    ],
    ['silence beyond idle_ms', begin(...first, blockStop)],
  ])('flushes what came and breaks the connection on %s', async (_name, script) => {
    upstream.always(script);
    const provider = providerAt(upstream.url, { timeouts: { idle_ms: 300 } });
    const { url, waitFor } = await open({ file: { providers: [provider] } });
    const seen = await call(url, { body: streamBody });
    broken(seen, [...first, blockStop].join(''));
    expect((await waitFor('exchange-completed')).record.outcome).toBe('broken');
    expect(upstream.requests).toHaveLength(1);
  });

  it('breaks the connection for an HTTP/1.0 client too, where a clean end would look like success', async () => {
    upstream.always(streamAnswer(first));
    const { port } = await open();
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    const head = `content-type: application/json\r\ncontent-length: ${streamBody.length}`;
    socket.write(`POST /v1/messages HTTP/1.0\r\nhost: localhost\r\n${head}\r\n\r\n${streamBody}`);
    const error = await new Promise<Error | undefined>((resolve) => {
      socket
        .on('error', resolve)
        .on('end', () => resolve(undefined))
        .resume();
    });
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('counts an answer whose message_stop arrived as whole, however the upstream hangs up', async () => {
    upstream.always((response) => {
      begin(...streamEvents().slice(0, -1))(response);
      response.write(messageStop, () => setImmediate(() => response.socket?.resetAndDestroy()));
    });
    const { url, waitFor } = await open();
    const seen = await call(url, { body: streamBody });
    expect(seen.text).toBe(streamEvents().join(''));
    expect(seen.isWhole).toBe(true);
    expect((await waitFor('exchange-completed')).record.outcome).toBe('completed');
  });

  it('passes an error event verbatim, ends as the upstream did, and records the break', async () => {
    const errorEvent = sse('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
    upstream.always(streamAnswer([...first, errorEvent]));
    const { url, waitFor } = await open();
    const seen = await call(url, { body: streamBody });
    expect(seen.text).toBe([...first, errorEvent].join(''));
    expect(seen.isWhole).toBe(true);
    expect((await waitFor('exchange-completed')).record).toMatchObject({ outcome: 'broken' });
  });

  it('pings in silence, only between complete events', async () => {
    const half = delta.length / 2;
    let steps = 0;
    let go = (_text: string) => {};
    upstream.always((response) => {
      begin(messageStart, blockStart)(response);
      go = (text) => {
        const pings = text.match(/event: ping/g)?.length ?? 0;
        if (steps === 0 && pings === 2) {
          steps = 1;
          response.write(delta.slice(0, half));
          // Long enough for several pings, had they been allowed.
          setTimeout(() => response.write(delta.slice(half)), 120);
        } else if (steps === 1 && text.includes(delta) && pings === 3) {
          steps = 2;
          response.end(messageStop);
        }
      };
    });
    const { url } = await open({ deadlines: { pingEveryMs: 25 } });
    const seen = await call(url, { body: streamBody, onText: (text) => go(text) });
    expect(seen.text).toContain(delta);
    expect(seen.text.replaceAll('event: ping\ndata: {"type": "ping"}\n\n', '')).toBe(
      [messageStart, blockStart, delta, messageStop].join(''),
    );
  });

  it('does not let its own pings reset the upstream’s idle deadline', async () => {
    upstream.always(begin(messageStart, blockStart));
    const provider = providerAt(upstream.url, { timeouts: { idle_ms: 200 } });
    const { url } = await open({ file: { providers: [provider] }, deadlines: { pingEveryMs: 20 } });
    const seen = await call(url, { body: streamBody });
    expect(seen.text).toContain('event: ping');
    expect(seen.isWhole).toBe(false);
  });

  it('aborts the upstream at once when the client leaves, before and after the commit point', async () => {
    const { url, waitFor } = await open();
    for (const script of [begin(...first), begin(messageStart), () => undefined]) {
      upstream.next(script);
      const leaving = new AbortController();
      const seenBefore = upstream.requests.length;
      const answered = call(url, { body: streamBody, signal: leaving.signal }).catch(() => undefined);
      await upstream.until(() => upstream.requests.length > seenBefore);
      if (script === undefined) await waitFor('exchange-committed');
      const abortedBefore = upstream.abortedCount;
      leaving.abort();
      await upstream.until(() => upstream.abortedCount > abortedBefore);
      await answered;
    }
    expect((await waitFor('exchange-completed')).record.outcome).toBe('client-left');
  });

  it('survives a cut at every byte of a stream: always a failure, never half an answer taken for a whole one', async () => {
    const whole = streamEvents('é').join('');
    const bytes = Buffer.from(whole);
    const { url } = await open();
    const safeFrom = bytes.length - 2; // message_stop counts once its blank line has begun
    const cuts = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
    const lanes = Array.from({ length: 8 }, async () => {
      for (let at = cuts.shift(); at !== undefined; at = cuts.shift()) {
        const cut = at;
        upstream.next();
        const seen = await call(url, { body: streamBody, path: `/v1/messages?cut=${cut}` });
        if (seen.status === 200 && cut < safeFrom) {
          expect(seen.isWhole).toBe(false);
          expect(bytes.subarray(0, seen.body.length).equals(seen.body)).toBe(true);
          expect(seen.body.length).toBe(cut);
        } else if (seen.status !== 200) expect(seen.status).toBe(502);
      }
    });
    upstream.always((response, request) => {
      const cut = Number(new URL(request.url, 'http://x').searchParams.get('cut'));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(bytes.subarray(0, cut), () => setImmediate(() => response.socket?.destroy()));
    });
    await Promise.all(lanes);
  });
});
