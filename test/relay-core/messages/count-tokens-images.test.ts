import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateInputTokens } from '../../../relay-core/messages/count-tokens.ts';

type Size = readonly [width: number, height: number];

const png = ([width, height]: Size): Buffer => {
  const bytes = Buffer.alloc(33);
  bytes.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
};

const gif = ([width, height]: Size): Buffer => {
  const bytes = Buffer.from('GIF89a\0\0\0\0\0\0\0');
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return bytes;
};

/** With an EXIF segment, a table (C4) and a byte of padding before the frame. */
const jpeg = ([width, height]: Size): Buffer => {
  const exif = Buffer.alloc(40_002);
  exif.writeUInt16BE(0xffe1, 0);
  exif.writeUInt16BE(40_000, 2);
  const table = Buffer.from([0xff, 0xc4, 0, 4, 9, 9]);
  const frame = Buffer.from([0xff, 0xff, 0xc2, 0, 17, 8, 0, 0, 0, 0, 3, 0, 0, 0]);
  frame.writeUInt16BE(height, 6);
  frame.writeUInt16BE(width, 8);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), exif, table, frame]);
};

const webp = (chunk: string, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(40);
  bytes.write(`RIFF\0\0\0\0WEBP${chunk}`, 'latin1');
  write(bytes);
  return bytes;
};

const formats = {
  png,
  gif,
  jpeg,
  'extended webp': ([width, height]: Size) =>
    webp('VP8X', (bytes) => {
      bytes.writeUIntLE(width - 1, 24, 3);
      bytes.writeUIntLE(height - 1, 27, 3);
    }),
  'lossy webp': ([width, height]: Size) =>
    webp('VP8 ', (bytes) => {
      bytes.writeUInt16LE(width, 26);
      bytes.writeUInt16LE(height, 28);
    }),
  'lossless webp': ([width, height]: Size) =>
    webp('VP8L', (bytes) => {
      bytes.writeUInt32LE((((height - 1) << 14) | (width - 1)) >>> 0, 21);
    }),
} as const;

const tokensOf = (model: string, content: readonly unknown[]): number => {
  const estimate = estimateInputTokens({ model, messages: [{ role: 'user', content }] });
  if (!estimate.ok) throw new Error(estimate.reason);
  return estimate.tokens;
};

const costOf = (model: string, source: object): number =>
  tokensOf(model, [{ type: 'image', source }]) - tokensOf(model, []);

const base64 = (bytes: Buffer) => ({ type: 'base64', data: bytes.toString('base64') });

const standard = 'claude-haiku-4-5';
const highResolution = 'claude-opus-5-5';

describe('an image', () => {
  // The table of https://platform.claude.com/docs/en/build-with-claude/vision#evaluate-image-size.
  it.each([
    [200, 200, 64, 64],
    [1000, 1000, 1296, 1296],
    [1092, 1092, 1521, 1521],
    [1920, 1080, 1560, 2691],
    [3840, 2160, 1560, 4784],
  ])('of %d × %d costs %d tokens, %d in high resolution', (...row) => {
    const [width, height, small, large] = row;
    expect(costOf(standard, base64(png([width, height])))).toBe(small);
    expect(costOf(highResolution, base64(png([width, height])))).toBe(large);
  });

  it.each(Object.entries(formats))('is measured in the header of a %s', (_name, write) => {
    expect(costOf(standard, base64(write([841, 57])))).toBe(31 * 3);
  });

  it.each([
    ['a URL', { type: 'url', url: 'https://localhost/a.png' }],
    ['a file', { type: 'file', file_id: 'file_1' }],
    ['an unknown format', base64(Buffer.from('no image at all'))],
    ['a cut header', base64(jpeg([600, 400]).subarray(0, 500))],
    ['no data', { type: 'base64' }],
    ['a size of nothing', base64(png([0, 0]))],
  ])('costs the limit when it is known only as %s', (_name, source) => {
    expect(costOf(standard, source)).toBe(1568);
    expect(costOf(highResolution, source)).toBe(4784);
  });

  it('never costs more than the limit, nor less than a patch, nor depends on its turn', () => {
    const edge = fc.integer({ min: 1, max: 60_000 });
    fc.assert(
      fc.property(edge, edge, (width, height) => {
        const cost = costOf(standard, base64(png([width, height])));
        expect(cost).toBeGreaterThanOrEqual(1);
        expect(cost).toBeLessThanOrEqual(1568);
        expect(costOf(standard, base64(png([height, width])))).toBe(cost);
      }),
    );
  });

  it('survives any bytes', () => {
    const start = fc.constantFrom(
      '',
      '\x89PNG',
      'GIF8',
      '\xff\xd8\xff',
      'RIFF0000WEBPVP8 ',
      'RIFF0000WEBPVP8X',
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 60 }), (head, rest) => {
        const cost = costOf(standard, base64(Buffer.concat([Buffer.from(head, 'latin1'), rest])));
        expect(cost).toBeGreaterThanOrEqual(1);
        expect(cost).toBeLessThanOrEqual(1568);
      }),
    );
  });

  it('inside a tool result costs the same', () => {
    const image = { type: 'image', source: base64(png([1000, 1000])) };
    const result = (content: readonly unknown[]) => [{ type: 'tool_result', tool_use_id: 't', content }];
    expect(tokensOf(standard, result([image])) - tokensOf(standard, result([]))).toBe(1296);
  });
});
