import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  errorAnswer,
  errorBody,
  type Script,
  ScriptedUpstream,
  type SeenRequest,
  streamEvents,
} from '../support/scripted-upstream.ts';

/** The providers of the demo. */
export type SimulatedUpstreams = {
  readonly flaky: ScriptedUpstream;
  readonly limited: ScriptedUpstream;
  readonly steady: ScriptedUpstream;
  stop(): Promise<void>;
};

/** What `limited` grants each of its keys within `windowMs`. */
export const keyAllowances = new Map([
  ['demo-key-of-a-small-account', 3],
  ['demo-key-of-a-larger-account', 5],
]);

const windowMs = 3_000;
const restAskedForSeconds = 2;
/** Between two pieces of a stream. */
const pieceEveryMs = 15;
/** An upstream left in peace for so long is well again, for so many requests. */
const recoversAfterMs = 1_500;
const goodRequests = 6;

/** Starts all three on loopback. */
export const startUpstreams = async (): Promise<SimulatedUpstreams> => {
  const [flaky, limited, steady] = await Promise.all([
    ScriptedUpstream.start(flakyScript()),
    ScriptedUpstream.start(limitedScript()),
    ScriptedUpstream.start(wholeAnswer),
  ]);
  const stop = async () => {
    await Promise.all([flaky, limited, steady].map((upstream) => upstream.stop()));
  };
  return { flaky, limited, steady, stop };
};

/** Writes these pieces one by one, as a model that thinks and types would. */
const streamSlowly = async (response: ServerResponse, pieces: readonly string[]): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    await sleep(pieceEveryMs);
  }
};

const wholeAnswer: Script = async (response) => {
  await streamSlowly(response, streamEvents('The answer of a simulated model.'));
  response.end();
};

const overloaded = errorAnswer(529, 'overloaded_error', { message: 'Overloaded' });

const reset: Script = (response) => response.socket?.resetAndDestroy();

/** Up to and with its first text: from there on the client has seen something. */
const cutInText: Script = async (response) => {
  await streamSlowly(response, streamEvents('The answer of a sim').slice(0, 4));
  response.socket?.resetAndDestroy();
};

const errorInside: Script = async (response) => {
  const error = `event: error\ndata: ${errorBody('overloaded_error', 'Overloaded')}\n\n`;
  await streamSlowly(response, [...streamEvents().slice(0, 1), error]);
  response.end();
};

const faults: readonly Script[] = [overloaded, reset, cutInText, errorInside];

/** One fault after the other until it is left in peace; well for a while; then the same again. */
const flakyScript = (): Script => {
  let faultCount = 0;
  let goodLeft = 0;
  let askedAtMs = performance.now();
  return (response, request) => {
    const nowMs = performance.now();
    if (nowMs - askedAtMs > recoversAfterMs) goodLeft = goodRequests;
    askedAtMs = nowMs;
    if (goodLeft > 0) {
      goodLeft -= 1;
      return wholeAnswer(response, request);
    }
    faultCount += 1;
    return faults[(faultCount - 1) % faults.length]?.(response, request);
  };
};

const keyOf = ({ headers }: SeenRequest): string => String(headers['x-api-key']);

const limitedScript = (): Script => {
  const usedAtMs = new Map<string, number[]>();
  const tooMany = errorAnswer(429, 'rate_limit_error', {
    message: 'This key has used up what it may',
    headers: { 'retry-after': String(restAskedForSeconds) },
  });
  return (response, request) => {
    const nowMs = performance.now();
    const key = keyOf(request);
    const recent = (usedAtMs.get(key) ?? []).filter((atMs) => nowMs - atMs < windowMs);
    const hasRoom = recent.length < (keyAllowances.get(key) ?? 0);
    usedAtMs.set(key, hasRoom ? [...recent, nowMs] : recent);
    return (hasRoom ? wholeAnswer : tooMany)(response, request);
  };
};
