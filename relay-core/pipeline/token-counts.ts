import { hash } from 'node:crypto';
import type { HeaderList } from '../messages/header-list.ts';
import type { Clock } from '../ports.ts';

/** An answer to a count_tokens request. */
export type CountAnswer = { readonly status: number; readonly headers: HeaderList; readonly body: Buffer };

const rememberedAnswers = 500;
const rememberedMs = 60_000;
const sideBySide = 8;

type Known = { readonly answer: Promise<CountAnswer>; untilMs: number };

/**
 * Bursts of counts made small: equal requests share one answer, for a minute, and no more than 8 go upstream at the
 * same time. Claude Code asks 26 at once for `/context`, its VS Code extension 50 at start.
 */
export class TokenCounts {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer for these parts of a request, asked for with `ask` unless it is known or on its way. */
  get(parts: readonly (string | Buffer)[], ask: () => Promise<CountAnswer>): Promise<CountAnswer> {
    const key = digest(parts);
    const nowMs = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.answer;
    const answer = this.#inTurn(ask);
    this.#remember(key, { answer, untilMs: nowMs + rememberedMs });
    return answer;
  }

  #remember(key: string, entry: Known): void {
    this.#known.delete(key);
    this.#known.set(key, entry);
    const [oldest] = this.#known.keys();
    if (this.#known.size > rememberedAnswers && oldest !== undefined) this.#known.delete(oldest);
    const forget = () => {
      if (this.#known.get(key) === entry) this.#known.delete(key);
    };
    // Only what counted is worth keeping.
    entry.answer.then(({ status }) => {
      if (status !== 200) forget();
    }, forget);
  }

  async #inTurn(ask: () => Promise<CountAnswer>): Promise<CountAnswer> {
    if (this.#running >= sideBySide) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await ask();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

const digest = (parts: readonly (string | Buffer)[]): string =>
  parts.map((part) => hash('sha256', part)).join('');
