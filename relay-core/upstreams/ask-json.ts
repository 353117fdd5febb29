import type { Clock } from '../ports.ts';
import type { Credential, Destination, UpstreamRequest } from '../providers/provider.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import { readSmallText } from './read-small-text.ts';
import { type SendResult, send } from './send.ts';
import type { Upstream } from './upstream.ts';

/** A question of the relay's own to an upstream. */
export type JsonQuestion = {
  readonly buildRequest: (destination: Destination) => UpstreamRequest;
  /** Longest wait for the whole answer. */
  readonly waitMs: number;
  readonly clock: Clock;
};

/** The answer's JSON, or why there is none, in words. */
export type JsonAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly detail: string };

const keyless: Credential = { kind: 'none' };

/** Asks with the first key, where there is one. Never throws, and takes no longer than `waitMs`. */
export const askJson = async (upstream: Upstream, question: JsonQuestion): Promise<JsonAnswer> => {
  const { origin, basePath, config, dispatcher } = upstream;
  const { auth, headers } = config;
  const { clock, waitMs } = question;
  const [key] = upstream.keys.keys;
  const credential = key?.credential ?? keyless;
  const keyMaterial = key?.config.material;
  const destination = { origin, basePath, auth, headers, model: '', credential, keyMaterial };
  const cancellation = new Cancellation();
  const limit = clock.startTimer(waitMs, () => cancellation.cancel());
  const limits = { firstByteMs: waitMs, idleMs: waitMs, cancellation, clock };
  const sent = await send(dispatcher, question.buildRequest(destination), limits);
  const isGood = sent.kind === 'replied' && sent.reply.status === 200;
  const text = isGood ? await readSmallText(sent.reply) : undefined;
  cancellation.cancel();
  limit.cancel();
  if (text === undefined) return { ok: false, detail: describe(sent, waitMs) };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, detail: 'its answer is no JSON' };
  }
};

const describe = (sent: SendResult, waitMs: number): string => {
  switch (sent.kind) {
    case 'replied':
      return `it answered ${sent.reply.status}`;
    case 'timed-out':
    case 'unreachable':
      return sent.detail;
    case 'cancelled':
      return `no answer within ${waitMs} ms`;
  }
};
