import { maxSecretBytes, secretFault } from '../secrets/check-secret.ts';

/** Where a key's value comes from: a pipe, or a person at a terminal. */
export type KeyInput = AsyncIterable<Uint8Array | string> & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** A value that may be kept, or why there is none, in a sentence that never quotes it. */
export type ReadValue =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string };

/** Reads a value to its end, or from a terminal one line that is not shown. `prompt` writes without a line end. */
export async function readKeyValue(input: KeyInput, prompt: (text: string) => void): Promise<ReadValue> {
  const read = input.isTTY === true ? await readHidden(input, prompt) : await readPiped(input);
  if (!read.ok) return read;
  const fault = secretFault(read.value);
  return fault === undefined ? read : refuse(`The key ${fault}. Nothing was stored.`);
}

const refuse = (message: string): ReadValue => ({ ok: false, message });

/** One byte more than can be kept, and a line end. */
const enoughBytes = maxSecretBytes + 3;

async function readPiped(input: KeyInput): Promise<ReadValue> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length >= enoughBytes) break;
  }
  const bytes = Buffer.concat(chunks).subarray(0, enoughBytes);
  const text = decode(bytes, length < enoughBytes);
  if (text === undefined) return refuse('The key is not UTF-8 text. Nothing was stored.');
  return { ok: true, value: text.replace(/\r?\n$/, '') };
}

/** A text that was cut off may end within a character. */
function decode(bytes: Uint8Array, isWhole: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isWhole });
  } catch {
    // The decoder throws for one reason only: bytes that are not UTF-8.
    return undefined;
  }
}

async function readHidden(input: KeyInput, prompt: (text: string) => void): Promise<ReadValue> {
  input.setRawMode?.(true);
  prompt('Key (not shown; Enter ends): ');
  try {
    return await readLine(input);
  } finally {
    input.setRawMode?.(false);
    prompt('\n');
  }
}

async function readLine(input: KeyInput): Promise<ReadValue> {
  const decoder = new TextDecoder('utf-8');
  let line: readonly string[] = [];
  for await (const chunk of input) {
    for (const character of decoder.decode(Buffer.from(chunk), { stream: true })) {
      switch (character) {
        case '\r':
        case '\n':
        case '\u0004':
          return { ok: true, value: line.join('') };
        case '\u0003':
          return refuse('Cancelled. Nothing was stored.');
        case '\b':
        case '\u007f':
          line = line.slice(0, -1);
          break;
        default:
          line = [...line, character];
      }
    }
  }
  return refuse('The terminal was closed. Nothing was stored.');
}
