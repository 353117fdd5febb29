/** One complete server-sent event. `data` is the text of its data lines, absent where it was not kept. */
export type SseEvent = { readonly name: string; readonly data: string | undefined };

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
/** Longest line and longest data that are remembered; more is passed by unread, so memory stays bounded. */
const rememberedBytes = 262_144;

/** Event names whose data nobody reads here: most of a stream's bytes. */
const unreadEvents: ReadonlySet<string> = new Set(['content_block_delta', 'ping']);

const typeInData = /^\s*\{\s*"type"\s*:\s*"([a-z_]+)"/;

/**
 * Watches server-sent events go by (WHATWG HTML, "Server-sent events") without holding or changing a byte.
 * Give it every chunk in order; it calls back once for each event that became complete.
 */
export class SseScanner {
  readonly #onEvent: (event: SseEvent) => void;
  #partialLine: Buffer[] = [];
  #partialBytes = 0;
  #isLineCut = false;
  #eventName = '';
  #data: string[] = [];
  #dataBytes = 0;
  #isDataCut = false;
  #hasData = false;
  #isAtStart = true;
  #linesSinceBlank = 0;
  #skipLineFeed = false;

  constructor(onEvent: (event: SseEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** True when all bytes so far end with a complete event, so that another may be put in between. */
  get isBetweenEvents(): boolean {
    return this.#linesSinceBlank === 0 && this.#partialBytes === 0 && !this.#skipLineFeed;
  }

  /** Reads the next bytes of the stream. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let at = this.#skipLineFeed && chunk[0] === lineFeed ? 1 : 0;
    this.#skipLineFeed = false;
    // JSON escapes its carriage returns, so that nearly every chunk has none at all.
    const hasReturns = chunk.includes(carriageReturn);
    while (at < chunk.length) {
      const end = hasReturns ? endOfLine(chunk, at) : chunk.indexOf(lineFeed, at);
      if (end === -1) {
        this.#keepPartial(chunk.subarray(at));
        return;
      }
      this.#endLine(chunk, at, end);
      at = end + 1;
      if (chunk[end] === carriageReturn && chunk[at] === lineFeed) at += 1;
      else if (chunk[end] === carriageReturn && at === chunk.length) this.#skipLineFeed = true;
    }
  }

  #keepPartial(piece: Buffer): void {
    if (this.#partialBytes < rememberedBytes) this.#partialLine.push(piece);
    else this.#isLineCut = true;
    this.#partialBytes += piece.length;
  }

  #endLine(chunk: Buffer, from: number, to: number): void {
    if (this.#partialBytes === 0) {
      this.#readLine(chunk, from, to);
      return;
    }
    if (to > from) this.#keepPartial(chunk.subarray(from, to));
    const line = Buffer.concat(this.#partialLine);
    this.#partialLine = [];
    this.#partialBytes = 0;
    this.#readLine(line, 0, line.length);
    this.#isLineCut = false;
  }

  /** Reads one line in place: a Buffer for each would be most of what a stream costs. */
  #readLine(bytes: Buffer, start: number, end: number): void {
    const from = this.#isAtStart && bytes.indexOf(byteOrderMark, start) === start ? start + 3 : start;
    this.#isAtStart = false;
    if (from === end) {
      this.#endEvent();
      return;
    }
    this.#linesSinceBlank += 1;
    const line: Span = { bytes, from, to: end };
    // Only `data` and `event` matter; `id`, `retry` and comments pass by.
    if (isField(line, dataField)) this.#readData(line);
    else if (isField(line, eventField)) this.#eventName = eventNameIn(line);
  }

  #readData(line: Span): void {
    this.#hasData = true;
    if (unreadEvents.has(this.#eventName)) return;
    this.#dataBytes += line.to - line.from;
    this.#isDataCut ||= this.#isLineCut || this.#dataBytes > rememberedBytes;
    if (!this.#isDataCut) this.#data.push(textOf(line, dataField));
  }

  #endEvent(): void {
    this.#linesSinceBlank = 0;
    const data = this.#data.length > 0 && !this.#isDataCut ? this.#data.join('\n') : undefined;
    // Some Anthropic-compatible vendors leave the event line out and name the type in the data only.
    const name = this.#eventName || typeInData.exec(data ?? '')?.[1] || '';
    const isComplete = this.#hasData;
    this.#eventName = '';
    this.#data = [];
    this.#dataBytes = 0;
    this.#isDataCut = false;
    this.#hasData = false;
    if (isComplete) this.#onEvent({ name, data });
  }
}

const endOfLine = (chunk: Buffer, from: number): number => {
  let at = from;
  while (at < chunk.length && chunk[at] !== lineFeed && chunk[at] !== carriageReturn) at += 1;
  return at < chunk.length ? at : -1;
};

const byteOrderMark = Buffer.from('\ufeff');
const deltaName = Buffer.from('content_block_delta');
const dataField = Buffer.from('data');
const eventField = Buffer.from('event');

/** Part of a buffer: `to` exclusive. */
type Span = { readonly bytes: Buffer; readonly from: number; readonly to: number };

const isField = ({ bytes, from, to }: Span, field: Buffer): boolean => {
  if (to - from > field.length && bytes[from + field.length] !== colon) return false;
  for (let at = 0; at < field.length; at += 1) if (bytes[from + at] !== field[at]) return false;
  return true;
};

const valueStart = ({ bytes, from }: Span, field: Buffer): number => {
  const start = from + field.length + 1;
  return bytes[start] === space ? start + 1 : start;
};

const textOf = (line: Span, field: Buffer): string =>
  line.bytes.toString('utf8', Math.min(valueStart(line, field), line.to), line.to);

/** The name of nearly every event is compared as bytes, without making a string of it. */
const eventNameIn = (line: Span): string => {
  const start = valueStart(line, eventField);
  const isDelta =
    line.to - start === deltaName.length &&
    line.bytes.compare(deltaName, 0, deltaName.length, start, line.to) === 0;
  return isDelta ? 'content_block_delta' : textOf(line, eventField);
};
