import type { Client, Dispatcher } from 'undici';
import type { Payload } from './payloads.ts';

/** Milliseconds from sending to the first body byte and to the last. */
export type CallTiming = { readonly firstByteMs: number; readonly totalMs: number };

const longestMs = 10_000;

/** Sends one request and resolves when its whole answer has come; rejects unless it is a 200, byte for byte. */
export const callOnce = (client: Client, payload: Payload): Promise<CallTiming> =>
  new Promise((resolve, reject) => {
    client.dispatch(
      {
        path: '/v1/messages?beta=true',
        method: 'POST',
        headers: [...payload.headers],
        body: payload.body,
        headersTimeout: longestMs,
        bodyTimeout: longestMs,
      },
      new AnswerCheck(payload, resolve, reject),
    );
  });

class AnswerCheck implements Dispatcher.DispatchHandler {
  readonly #payload: Payload;
  readonly #resolve: (timing: CallTiming) => void;
  readonly #reject: (error: Error) => void;
  readonly #startedAt = performance.now();
  #firstByteAt: number | undefined;
  #status = 0;
  #receivedBytes = 0;
  #isSame = true;

  constructor(payload: Payload, resolve: (timing: CallTiming) => void, reject: (error: Error) => void) {
    this.#payload = payload;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  // undici takes no handler without it.
  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#firstByteAt ??= performance.now();
    const from = this.#receivedBytes;
    this.#receivedBytes += chunk.length;
    const { answer } = this.#payload;
    this.#isSame &&=
      this.#receivedBytes <= answer.length && chunk.compare(answer, from, this.#receivedBytes) === 0;
  }

  onResponseEnd(): void {
    const endedAt = performance.now();
    const { answer } = this.#payload;
    if (this.#status !== 200 || !this.#isSame || this.#receivedBytes !== answer.length) {
      const seen = `status ${this.#status}, ${this.#receivedBytes} of ${answer.length} bytes`;
      this.#reject(new Error(`a wrong answer: ${seen}${this.#isSame ? '' : ', other content'}`));
      return;
    }
    const firstByteMs = (this.#firstByteAt ?? endedAt) - this.#startedAt;
    this.#resolve({ firstByteMs, totalMs: endedAt - this.#startedAt });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(new Error(`a request failed: ${error.message}`, { cause: error }));
  }
}
