import { expect, it } from 'vitest';
import { call, type SeenAnswer, smallBody } from '../support/call.ts';
import {
  errorAnswer,
  messageAnswer,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, startRelay } from '../support/start-relay.ts';

const events = streamEvents('hello');
const faults: readonly Script[] = [
  messageAnswer(),
  streamAnswer(),
  streamAnswer(events.slice(0, 4)),
  streamAnswer(events.slice(0, 1)),
  streamAnswer([]),
  errorAnswer(400, 'invalid_request_error'),
  errorAnswer(429, 'rate_limit_error'),
  errorAnswer(529, 'overloaded_error'),
  (response) => response.socket?.resetAndDestroy(),
  (response) => response.socket?.destroy(),
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.slice(0, 4).join(''), () => response.socket?.resetAndDestroy());
  },
  // Never answers.
  () => undefined,
];

/** Says nothing that a client would take for a whole answer, though its connection ended cleanly. */
const isHalfTakenForWhole = ({ status, isWhole, text }: SeenAnswer): boolean =>
  status === 200 && isWhole && !/event: message_stop|"type":"message"|event: error/.test(text);

it('any mix of faults and leaving clients: nothing half looks whole, all is recorded, nothing leaks', async () => {
  const total = 600;
  const counts = { answers: 0, upstream: 0 };
  // Coprime strides meet every fault with every other, the same way in each run.
  const next: Script = (response, request) =>
    faults[(counts.upstream++ * 7) % faults.length]?.(response, request);
  const [first, second] = [await ScriptedUpstream.start(next), await ScriptedUpstream.start(next)];
  const timeouts = { first_byte_ms: 150, idle_ms: 200 };
  const relay = await startRelay({
    file: {
      routing: { patience_ms: 0 },
      server: { timeout_ms: 1_000 },
      providers: [first, second].map(({ url }, at) => providerAt(url, { name: `upstream-${at}`, timeouts })),
    },
    deadlines: { holdMs: 50, pingEveryMs: 5, earlyCommitMs: 80 },
  });
  const lanes = Array.from({ length: 40 }, async () => {
    while (counts.answers < total) {
      counts.answers += 1;
      const leaving = counts.answers % 6 === 0 ? { signal: AbortSignal.timeout(counts.answers % 50) } : {};
      const seen = await call(relay.url, { body: smallBody({ stream: true }), ...leaving }).catch(
        () => undefined,
      );
      if (seen !== undefined && !('signal' in leaving)) expect(isHalfTakenForWhole(seen)).toBe(false);
    }
  });
  await Promise.all(lanes);
  const countOf = (kind: string) => relay.events.filter((event) => event.kind === kind).length;
  await expect.poll(() => countOf('exchange-completed')).toBe(countOf('exchange-started'));
  const outcomes = new Set(
    relay.events.flatMap((event) => (event.kind === 'exchange-completed' ? [event.record.outcome] : [])),
  );
  expect(outcomes).toEqual(new Set(['completed', 'upstream-error', 'refused', 'broken', 'client-left']));
  expect(first.openSockets + second.openSockets).toBeLessThan(80);
  await relay.stop();
  await Promise.all([first.stop(), second.stop()]);
});
