import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyBody, type ReplyPart } from '../../../relay-core/upstreams/reply-body.ts';

const highWaterBytes = 65_536;
const chunkOf = (text: string): Buffer => Buffer.from(text);

/** A body whose flow control notes what it was told. */
const openBody = () => {
  const orders: string[] = [];
  const body = new ReplyBody({
    pause: () => orders.push('pause'),
    resume: () => orders.push('resume'),
    abort: () => orders.push('abort'),
  });
  return { body, orders };
};

const textOf = (part: ReplyPart): string => (part.kind === 'chunk' ? part.chunk.toString() : part.kind);
const read = async (body: ReplyBody, count: number): Promise<readonly string[]> => {
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) parts.push(textOf(await body.next()));
  return parts;
};

describe('the body of an upstream’s answer', () => {
  it('gives small chunks that wait as one, in the order they came, then the end', async () => {
    const { body } = openBody();
    for (const text of ['a', 'b', 'c']) body.push(chunkOf(text));
    body.finish({ kind: 'end' });
    expect(await read(body, 2)).toEqual(['abc', 'end']);
  });

  it('gives a reader who already waits all that came in one turn', async () => {
    const { body } = openBody();
    const waiting = body.next();
    body.push(chunkOf('a'));
    body.push(chunkOf('b'));
    expect(textOf(await waiting)).toBe('ab');
    const next = body.next();
    body.push(chunkOf('c'));
    expect(textOf(await next)).toBe('c');
  });

  it('does not copy large chunks together', async () => {
    const { body } = openBody();
    const chunks = [Buffer.alloc(10_000, 'a'), Buffer.alloc(10_000, 'b')];
    for (const chunk of chunks) body.push(chunk);
    expect([await body.next(), await body.next()]).toEqual(chunks.map((chunk) => ({ kind: 'chunk', chunk })));
  });

  it.each<ReplyPart>([{ kind: 'end' }, { kind: 'broken', detail: 'connection reset' }])(
    'says $kind again and again',
    async (last) => {
      const { body } = openBody();
      const waiting = body.next();
      body.finish(last);
      expect([await waiting, await body.next(), await body.next()]).toEqual([last, last, last]);
    },
  );

  it('gives what it has before it says that it broke', async () => {
    const { body } = openBody();
    body.push(chunkOf('a'));
    body.finish({ kind: 'broken', detail: '' });
    expect(await read(body, 3)).toEqual(['a', 'broken', 'broken']);
  });

  it('believes the first of two endings', async () => {
    const { body } = openBody();
    body.finish({ kind: 'broken', detail: 'silent' });
    body.finish({ kind: 'end' });
    expect(await body.next()).toEqual({ kind: 'broken', detail: 'silent' });
  });

  it('passes the bytes themselves on, not a copy', async () => {
    const { body } = openBody();
    const chunk = chunkOf('a');
    body.push(chunk);
    expect(await body.next()).toEqual({ kind: 'chunk', chunk });
  });

  it('hands an abort to the upstream’s socket', () => {
    const { body, orders } = openBody();
    body.abort();
    expect(orders).toEqual(['abort']);
  });
});

describe('the flow from an upstream’s socket', () => {
  it('is not paused up to the high-water mark', () => {
    const { body, orders } = openBody();
    body.push(Buffer.alloc(highWaterBytes));
    expect(orders).toEqual([]);
  });

  it('is paused once above it and resumed once all is read', async () => {
    const { body, orders } = openBody();
    body.push(Buffer.alloc(highWaterBytes));
    body.push(chunkOf('one too many'));
    body.push(chunkOf('already under way'));
    expect(orders).toEqual(['pause']);
    await read(body, 1);
    expect(orders).toEqual(['pause']);
    await read(body, 1);
    expect(orders).toEqual(['pause', 'resume']);
  });

  it('may be paused and resumed many times', async () => {
    const { body, orders } = openBody();
    for (let round = 0; round < 3; round += 1) {
      body.push(Buffer.alloc(highWaterBytes + 1));
      await read(body, 1);
    }
    expect(orders).toEqual(['pause', 'resume', 'pause', 'resume', 'pause', 'resume']);
  });

  it('is not paused for a reader who keeps up', async () => {
    const { body, orders } = openBody();
    for (let round = 0; round < 3; round += 1) {
      const waiting = body.next();
      body.push(Buffer.alloc(10 * highWaterBytes));
      await waiting;
    }
    expect(orders).toEqual([]);
  });
});

describe('a nudge', () => {
  it('wakes a waiting reader, once', async () => {
    const { body } = openBody();
    const waiting = body.next();
    body.nudge();
    expect(await waiting).toEqual({ kind: 'nudged' });
    const next = body.next();
    body.push(chunkOf('a'));
    expect(textOf(await next)).toBe('a');
  });

  it('is kept for a reader who does not wait yet', async () => {
    const { body } = openBody();
    body.nudge();
    body.nudge();
    expect(await read(body, 1)).toEqual(['nudged']);
    body.finish({ kind: 'end' });
    expect(await read(body, 1)).toEqual(['end']);
  });

  it('stands back behind bytes and behind the end', async () => {
    const { body } = openBody();
    body.push(chunkOf('a'));
    body.nudge();
    expect(await read(body, 1)).toEqual(['a']);
    body.finish({ kind: 'end' });
    expect(await read(body, 2)).toEqual(['end', 'end']);
  });
});

type Step = { readonly kind: 'push'; readonly bytes: number } | { readonly kind: 'read' | 'nudge' };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), bytes: fc.nat(70_000) }),
  fc.record({ kind: fc.constantFrom('read' as const, 'nudge' as const) }),
);

describe('any course of events', () => {
  it('loses no byte, keeps the order and never leaves a drained upstream paused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
        const { body, orders } = openBody();
        const pushed: Buffer[] = [];
        const received: Buffer[] = [];
        let waiting: Promise<unknown> | undefined;
        const receive = async () => {
          const part = await body.next();
          if (part.kind === 'chunk') received.push(part.chunk);
          waiting = undefined;
          return part.kind;
        };
        for (const step of steps) {
          if (step.kind === 'push') {
            pushed.push(Buffer.alloc(step.bytes, pushed.length));
            body.push(pushed.at(-1) ?? Buffer.alloc(0));
          } else if (step.kind === 'nudge') body.nudge();
          // There is one reader, who asks again only when answered.
          else waiting ??= receive();
          await Promise.resolve();
        }
        body.finish({ kind: 'end' });
        await waiting;
        while ((await receive()) !== 'end');
        expect(Buffer.concat(received).equals(Buffer.concat(pushed))).toBe(true);
        expect(orders.filter((order) => order === 'resume').length).toBe(
          orders.filter((order) => order === 'pause').length,
        );
        expect(orders.every((order, at) => order === (at % 2 === 0 ? 'pause' : 'resume'))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
