/** One complete server-sent event. `data` is the text of its data lines, absent where it was not kept. */
export type SseEvent = { readonly name: string; readonly data: string | undefined };

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
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
      this.#endLine(chunk.subarray(at, end));
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

  #endLine(piece: Buffer): void {
    if (this.#partialBytes === 0) {
      this.#readLine(piece);
      return;
    }
    this.#keepPartial(piece);
    const line = Buffer.concat(this.#partialLine);
    this.#partialLine = [];
    this.#partialBytes = 0;
    this.#readLine(line);
    this.#isLineCut = false;
  }

  #readLine(whole: Buffer): void {
    const line = this.#isAtStart && whole.indexOf(byteOrderMark) === 0 ? whole.subarray(3) : whole;
    this.#isAtStart = false;
    if (line.length === 0) {
      this.#endEvent();
      return;
    }
    this.#linesSinceBlank += 1;
    // Only `data` and `event` matter; `id`, `retry` and comments pass by.
    if (isField(line, dataField)) this.#readData(line);
    else if (isField(line, eventField)) this.#eventName = fieldValue(line, eventField);
  }

  #readData(line: Buffer): void {
    this.#hasData = true;
    if (unreadEvents.has(this.#eventName)) return;
    this.#dataBytes += line.length;
    this.#isDataCut ||= this.#isLineCut || this.#dataBytes > rememberedBytes;
    if (!this.#isDataCut) this.#data.push(fieldValue(line, dataField));
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
const dataField = Buffer.from('data');
const eventField = Buffer.from('event');

const isField = (line: Buffer, field: Buffer): boolean => {
  if (line.length > field.length && line[field.length] !== 0x3a) return false;
  for (let at = 0; at < field.length; at += 1) if (line[at] !== field[at]) return false;
  return true;
};

const fieldValue = (line: Buffer, field: Buffer): string => {
  const from = field.length + 1;
  return line.toString('utf8', line[from] === 0x20 ? from + 1 : from);
};
