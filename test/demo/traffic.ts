import { setTimeout as sleep } from 'node:timers/promises';
import { call, smallBody } from '../support/call.ts';
import { createSeededRandom } from './seeded-random.ts';

/** What a simulated Claude Code saw of one request. */
export type SeenByClient = {
  readonly session: string;
  /** 0 = no answer at all came. */
  readonly status: number;
  /** True when the answer came to its proper end. */
  readonly isWhole: boolean;
  /** Who answered, by the relay's debug header. */
  readonly provider: string | undefined;
  /** Until the first byte of the answer's body. */
  readonly waitMs: number;
  /** True when it asked once more because the answer before had broken off. */
  readonly isAskedAgain: boolean;
};

export type Traffic = {
  readonly url: string;
  readonly sessionCount: number;
  /** After this no session begins another request. */
  readonly durationMs: number;
  readonly onSeen: (seen: SeenByClient) => void;
  /** Cuts what runs. */
  readonly signal: AbortSignal;
};

/** The relay keeps a conversation where it is well; only new ones show whom it prefers. */
const requestsPerConversation = 2;
const startsApartMs = 150;
const pause = { shortestMs: 700, longestMs: 1_500 };

/** `session 3`, whichever of its conversations this id of Claude Code's stands for. */
export const sessionName = (sessionId: string): string =>
  sessionId.replace(/^session-(\d+)\..*$/, 'session $1');

/** Sessions side by side, each with one request after the other and pauses in between, until the time is over. */
export const runTraffic = async (traffic: Traffic): Promise<void> => {
  const endsAtMs = performance.now() + traffic.durationMs;
  const numbers = Array.from({ length: traffic.sessionCount }, (_none, index) => index + 1);
  await Promise.all(numbers.map((number) => runSession(traffic, number, endsAtMs)));
};

const runSession = async (traffic: Traffic, number: number, endsAtMs: number): Promise<void> => {
  const { signal } = traffic;
  const random = createSeededRandom(number);
  await waitOut(number * startsApartMs, signal);
  for (let count = 0; performance.now() < endsAtMs && !signal.aborted; count += 1) {
    const sessionId = `session-${number}.${Math.floor(count / requestsPerConversation)}`;
    const first = await ask(traffic, sessionId, false);
    // Claude Code does the same: what broke off is asked for again, once and at once.
    if (first?.status === 200 && !first.isWhole) await ask(traffic, sessionId, true);
    const { shortestMs, longestMs } = pause;
    const pauseMs = shortestMs + random() * (longestMs - shortestMs);
    await waitOut(Math.min(pauseMs, endsAtMs - performance.now()), signal);
  }
};

/** Undefined when it was cut by us. */
const ask = async (
  { url, onSeen, signal }: Traffic,
  sessionId: string,
  isAskedAgain: boolean,
): Promise<SeenByClient | undefined> => {
  const startedAtMs = performance.now();
  let waitMs: number | undefined;
  const answer = await call(url, {
    headers: { 'x-claude-code-session-id': sessionId, 'anthropic-version': '2023-06-01' },
    body: smallBody({ model: 'claude-sonnet-5-5', stream: true }),
    onText: () => {
      waitMs ??= performance.now() - startedAtMs;
    },
    signal,
  }).catch(() => undefined); // no answer at all is a result too
  if (signal.aborted) return undefined;
  const provider = answer?.headers['x-cc-relay-provider'];
  const seen: SeenByClient = {
    session: sessionName(sessionId),
    status: answer?.status ?? 0,
    isWhole: answer?.isWhole === true && answer.text.includes('event: message_stop'),
    provider: typeof provider === 'string' ? provider : undefined,
    waitMs: waitMs ?? performance.now() - startedAtMs,
    isAskedAgain,
  };
  onSeen(seen);
  return seen;
};

/** Resolves early when everything is called off. */
const waitOut = (durationMs: number, signal: AbortSignal): Promise<void> =>
  sleep(Math.max(0, durationMs), undefined, { signal }).catch(() => undefined);
