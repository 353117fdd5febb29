import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, smallBody } from '../support/call.ts';
import {
  errorAnswer,
  messageAnswer,
  type Script,
  ScriptedUpstream,
  streamAnswer,
  streamEvents,
} from '../support/scripted-upstream.ts';
import { providerAt, type StartedRelay, startRelay } from '../support/start-relay.ts';

let upstream: ScriptedUpstream;
let relay: StartedRelay;

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  relay = await startRelay({
    file: { routing: { patience_ms: 0, debug: true }, providers: [providerAt(upstream.url)] },
    // A rate-limited key rests 1, 2, 4, 8 s between its failures.
    timeScale: 20,
  });
});
afterEach(async () => {
  await relay.stop();
  await upstream.stop();
});

const changes = () =>
  relay.events.flatMap((event) => (event.kind === 'breaker-changed' ? [event.state] : []));

const failFiveTimes = async (script: Script, expected: number) => {
  for (let count = 0; count < 5; count += 1) {
    upstream.next(script);
    expect((await call(relay.url, { body: smallBody({ stream: true }) })).status).toBe(expected);
  }
};

describe('the circuit breaker of an upstream', () => {
  it.each<[string, Script, number]>([
    ['overload', errorAnswer(529, 'overloaded_error'), 529],
    ['server error', errorAnswer(500, 'api_error'), 500],
    ['reset', (response) => response.socket?.destroy(), 502],
    ['break after the commit point', streamAnswer(streamEvents().slice(0, 4)), 200],
    ['rate limit of the only key', errorAnswer(429, 'rate_limit_error'), 429],
  ])('opens after five times %s', async (_name, script, expected) => {
    await failFiveTimes(script, expected);
    expect(changes()).toEqual(['open']);
  });

  it.each<[string, Script, number]>([
    ['a bad request', errorAnswer(400, 'invalid_request_error'), 400],
    ['a key without permission', errorAnswer(403, 'permission_error'), 403],
    ['an unknown model', errorAnswer(404, 'not_found_error'), 404],
  ])('does not count %s', async (_name, script, expected) => {
    await failFiveTimes(script, expected);
    expect(changes()).toEqual([]);
  });

  it('is never the only obstacle: the upstream is tried all the same, and three successes close it', async () => {
    await failFiveTimes(errorAnswer(529, 'overloaded_error'), 529);
    upstream.always(messageAnswer());
    const health: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      const seen = await call(relay.url);
      expect(seen.status).toBe(200);
      health.push(seen.headers['x-cc-relay-health']);
    }
    expect(health).toEqual(['open', 'half-open', 'half-open', 'closed']);
    expect(changes()).toEqual(['open', 'half-open', 'closed']);
  });
});
