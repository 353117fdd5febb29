import type { Clock, Environment } from '../ports.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import { createDispatcher } from './dispatcher.ts';
import { readSmallText } from './read-small-text.ts';
import { send } from './send.ts';

/** The whole answer to a form. */
export type FormAnswer = { readonly status: number; readonly body: string };

/** Where credentials are fetched: through the same proxy as the upstream itself. */
export type PostFormParts = {
  readonly proxyUrl: string | undefined;
  readonly connectMs: number;
  readonly env: Environment;
  readonly clock: Clock;
};

const waitMs = 5_000;

/**
 * Sends forms to token endpoints. Each rejects where there is no answer within 5 s; redirects are answers. A socket
 * for each: tokens are fetched once an hour.
 */
export const createPostForm =
  ({ proxyUrl, connectMs, env, clock }: PostFormParts) =>
  async (url: string, form: Readonly<Record<string, string>>): Promise<FormAnswer> => {
    const { origin, pathname, search } = new URL(url);
    const headers = ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'];
    const body = Buffer.from(new URLSearchParams(form).toString());
    const cancellation = new Cancellation();
    const limit = clock.startTimer(waitMs, () => cancellation.cancel());
    const limits = { firstByteMs: waitMs, idleMs: waitMs, cancellation, clock };
    const request = { method: 'POST', origin, path: pathname + search, headers, body } as const;
    const dispatcher = createDispatcher({ origin, proxyUrl, connectMs, env });
    const sent = await send(dispatcher, request, limits);
    const text = sent.kind === 'replied' ? await readSmallText(sent.reply) : undefined;
    limit.cancel();
    await dispatcher.destroy();
    if (sent.kind !== 'replied' || text === undefined)
      throw new Error('detail' in sent ? sent.detail : `no answer within ${waitMs} ms`);
    return { status: sent.reply.status, body: text };
  };
