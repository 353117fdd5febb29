import type { Clock } from '../ports.ts';
import type { Credential, Destination, UpstreamRequest } from '../providers/provider.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import { type SendResult, send, type UpstreamReply } from './send.ts';
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

const largestBytes = 4_194_304;
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
  const text = sent.kind === 'replied' ? await readText(sent.reply) : undefined;
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

const readText = async ({ status, body }: UpstreamReply): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const part = await body.next();
    if (part.kind === 'end') return status === 200 ? Buffer.concat(chunks).toString('utf8') : undefined;
    if (part.kind === 'broken' || size > largestBytes) {
      body.abort();
      return undefined;
    }
    if (part.kind !== 'chunk') continue;
    chunks.push(part.chunk);
    size += part.chunk.length;
  }
};
