/** Pixels. */
export type ImageSize = { readonly width: number; readonly height: number };

/** EXIF and colour profiles stand before a JPEG's size; 256 KB of them are enough for any camera. */
const headerBytes = 256 * 1024;

const sizeOfPng = (bytes: Buffer): ImageSize | undefined =>
  bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47
    ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : undefined;

const sizeOfGif = (bytes: Buffer): ImageSize | undefined =>
  bytes.length >= 10 && bytes.toString('latin1', 0, 4) === 'GIF8'
    ? { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
    : undefined;

const sizeOfWebp = (bytes: Buffer): ImageSize | undefined => {
  if (bytes.length < 30 || bytes.toString('latin1', 8, 12) !== 'WEBP') return undefined;
  const chunk = bytes.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (chunk === 'VP8 ')
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (chunk !== 'VP8L') return undefined;
  const packed = bytes.readUInt32LE(21);
  return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
};

/** SOF0 to SOF15 carry the size; C4, C8 and CC in their midst are tables. */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const sizeOfJpeg = (bytes: Buffer): ImageSize | undefined => {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (isStartOfFrame(marker))
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    // 0xff before a marker is padding: one byte, no length.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
};

/** The size that a PNG, JPEG, GIF or WebP names in its header; undefined when it names none that can be. */
export const imageSizeIn = (base64: string): ImageSize | undefined => {
  const bytes = Buffer.from(base64.slice(0, Math.ceil((headerBytes * 4) / 3)), 'base64');
  const size = sizeOfPng(bytes) ?? sizeOfGif(bytes) ?? sizeOfWebp(bytes) ?? sizeOfJpeg(bytes);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
};
