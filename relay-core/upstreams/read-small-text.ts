import type { UpstreamReply } from './send.ts';

const largestBytes = 4_194_304;

/** The whole body of a small answer as text; undefined when it breaks or is none. */
export const readSmallText = async ({ body }: Pick<UpstreamReply, 'body'>): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const part = await body.next();
    if (part.kind === 'end') return Buffer.concat(chunks).toString('utf8');
    if (part.kind === 'broken' || size > largestBytes) {
      body.abort();
      return undefined;
    }
    if (part.kind !== 'chunk') continue;
    chunks.push(part.chunk);
    size += part.chunk.length;
  }
};
