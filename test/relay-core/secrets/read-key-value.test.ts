import { describe, expect, it } from 'vitest';
import { type KeyInput, readKeyValue } from '../../../relay-core/cli/read-key-value.ts';

async function* chunksOf(chunks: readonly (string | Uint8Array)[]) {
  for (const chunk of chunks)
    yield await Promise.resolve(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
}
const read = (...chunks: readonly (string | Uint8Array)[]) => readKeyValue(chunksOf(chunks), () => undefined);

describe('a key from a pipe', () => {
  it.each([
    ['key', 'key'],
    ['key\n', 'key'],
    ['key\r\n', 'key'],
    [' key ', ' key '],
    ['\uFEFFkey\n', 'key'],
  ])('%j is %j', async (text, value) => {
    expect(await read(text)).toEqual({ ok: true, value });
  });

  it('may come in pieces that part a character', async () => {
    const bytes = Buffer.from('schlüssel');
    expect(await read(bytes.subarray(0, 5), bytes.subarray(5))).toEqual({ ok: true, value: 'schlüssel' });
  });

  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['key\n\n', 'more than one line'],
    ['a\rb', 'more than one line'],
    ['a\u0000b', 'control character'],
    ['x'.repeat(8193), 'longer than 8192 bytes'],
    ['ü'.repeat(4097), 'longer than 8192 bytes'],
    ['ü'.repeat(9000), 'longer than 8192 bytes'],
    ['sk-ant-oat01-fake', 'subscription token'],
  ])('refuses a wrong one without quoting it (%#)', async (text, reason) => {
    const result = await read(text);
    expect(result).toEqual({ ok: false, message: expect.stringContaining(reason) });
    if (text.trim() !== '') expect(JSON.stringify(result)).not.toContain(text);
  });

  it('takes 8192 bytes and refuses what is not UTF-8', async () => {
    expect(await read('x'.repeat(8192), '\r\n')).toMatchObject({ ok: true });
    expect(await read(Uint8Array.of(0x6b, 0xff))).toMatchObject({
      message: expect.stringContaining('UTF-8'),
    });
  });
});

it('reads a hidden line at a terminal and gives the terminal back', async () => {
  const raw: boolean[] = [];
  let shown = '';
  const input: KeyInput = {
    isTTY: true,
    setRawMode: (isRaw) => raw.push(isRaw),
    [Symbol.asyncIterator]: () => chunksOf(['ke', 'x\u007f', 'y\r', 'ignored']),
  };
  const result = await readKeyValue(input, (text) => {
    shown += text;
  });
  expect(result).toEqual({ ok: true, value: 'key' });
  expect(raw).toEqual([true, false]);
  expect(shown).toBe('Key (not shown; Enter ends): \n');
});
