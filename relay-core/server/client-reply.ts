import type { ServerResponse } from 'node:http';
import { findHeader, type HeaderList } from '../messages/header-list.ts';
import type { Clock, Timer } from '../ports.ts';

/** Waits toward the client, in milliseconds. */
export type ReplySettings = {
  readonly clock: Clock;
  readonly stallMs: number;
  readonly pingEveryMs: number;
};

const pingEvent = 'event: ping\ndata: {"type": "ping"}\n\n';

/** The answer to one client: its head goes out once, its body with backpressure, its end is whole or visibly broken. */
export class ClientReply {
  readonly #response: ServerResponse;
  readonly #settings: ReplySettings;
  #pingTimer: Timer | undefined;
  #sentBytes = 0;

  constructor(response: ServerResponse, settings: ReplySettings) {
    this.#response = response;
    this.#settings = settings;
  }

  /** True from the first byte on: nothing may be tried again after it. */
  get isCommitted(): boolean {
    return this.#response.headersSent;
  }

  /** True when nobody reads any more. */
  get isGone(): boolean {
    return this.#response.destroyed || this.#response.socket?.destroyed !== false;
  }

  /** Body bytes handed to the socket so far, pings included. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Writes status and headers: the commit point. */
  commit(status: number, headers: HeaderList): void {
    if (this.isCommitted || this.isGone) return;
    this.#response.sendDate = findHeader(headers, 'date') === undefined;
    this.#response.writeHead(status, [...headers]);
  }

  /** Sends the head now, before any body byte. */
  flushHead(): void {
    this.#response.flushHeaders();
  }

  /** Writes body bytes. Resolves when more may be written: at once, or when a slow client has read on. */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.isGone) return undefined;
    this.#pingTimer?.refresh();
    this.#sentBytes += chunk.length;
    return this.#response.write(chunk) ? undefined : this.#drained();
  }

  /** Writes the rest of the body and ends the answer. */
  finishWith(body: Buffer): void {
    if (this.isGone) return;
    this.stopPings();
    this.#sentBytes += body.length;
    this.#response.end(body);
  }

  /** From now on a ping goes out after each silence, where `isBetweenEvents` allows one. */
  keepAwake(isBetweenEvents: () => boolean): void {
    this.#pingTimer?.cancel();
    this.#pingTimer = this.#settings.clock.startTimer(this.#settings.pingEveryMs, () => {
      if (this.isGone) return;
      // A client that does not read needs no more to read.
      if (isBetweenEvents() && !this.#response.writableNeedDrain) {
        this.#response.write(pingEvent);
        this.#sentBytes += pingEvent.length;
      }
      this.#pingTimer?.refresh();
    });
  }

  /** Stops the pings. */
  stopPings(): void {
    this.#pingTimer?.cancel();
    this.#pingTimer = undefined;
  }

  /** Ends a whole answer. */
  end(): void {
    this.stopPings();
    this.#response.end();
  }

  /** Breaks the connection visibly once everything written has left: a cut answer must never look whole. */
  async breakOff(): Promise<void> {
    this.stopPings();
    while (!this.isGone && this.#response.writableNeedDrain) await this.#drained();
    const { socket } = this.#response;
    if (socket === null || socket.destroyed) return;
    if (socket.writableLength > 0) await this.#flushed();
    // HTTP/1.0 has no chunk to leave unfinished: there a clean end would look like success.
    if (this.#response.req.httpVersionMinor === 0) socket.resetAndDestroy();
    else socket.destroy();
  }

  #flushed(): Promise<void> {
    return this.#waitFor((done) => this.#response.write('', done));
  }

  #drained(): Promise<void> {
    return this.#waitFor((done) => this.#response.once('drain', done));
  }

  /** Waits for the client to read; one that reads nothing for too long is dropped. */
  #waitFor(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const stalled = this.#settings.clock.startTimer(this.#settings.stallMs, () => this.#response.destroy());
      const done = () => {
        stalled.cancel();
        this.#response.off('close', done).off('drain', done);
        resolve();
      };
      this.#response.once('close', done);
      start(done);
    });
  }
}
