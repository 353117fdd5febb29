import { Dispatcher } from 'undici';

/** What an upstream does with one attempt. `hangs`: it never answers. */
export type Script =
  | { readonly kind: 'answers'; readonly status: number; readonly body: string }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'hangs' };

const refused = Object.assign(new Error('scripted'), { code: 'ECONNREFUSED' });

const headersOf = (length: number) =>
  ['content-type', 'application/json', 'content-length', String(length)].map((part) => Buffer.from(part));

class Controller implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers = null;

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** Stands where sockets would: answers each attempt as scripted, in a later turn of the microtask queue. */
export class ScriptedDispatcher extends Dispatcher {
  /** The key of each attempt, by its material. */
  readonly materials: string[] = [];
  readonly #scriptFor: (attempt: number) => Script;

  constructor(scriptFor: (attempt: number) => Script) {
    super();
    this.#scriptFor = scriptFor;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const headers = Array.isArray(options.headers) ? options.headers.map(String) : [];
    this.materials.push(headers[headers.indexOf('x-api-key') + 1] ?? '');
    const script = this.#scriptFor(this.materials.length - 1);
    const controller = new Controller();
    handler.onRequestStart?.(controller, undefined);
    queueMicrotask(() => this.#play(script, controller, handler));
    return true;
  }

  #play(script: Script, controller: Controller, handler: Dispatcher.DispatchHandler): void {
    if (controller.aborted || script.kind === 'hangs') return;
    if (script.kind === 'unreachable') {
      handler.onResponseError?.(controller, refused);
      return;
    }
    const body = Buffer.from(script.body);
    controller.rawHeaders = headersOf(body.length);
    handler.onResponseStart?.(controller, script.status, {}, '');
    handler.onResponseData?.(controller, body);
    handler.onResponseEnd?.(controller, {});
  }
}
