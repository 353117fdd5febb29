import type { RelayEvent } from '../../relay-core/contracts/events.ts';
import type { SeenByClient } from './traffic.ts';

/** The figures of a run. */
export type Figures = {
  /** As sent by the clients, those asked again among them. */
  readonly requests: number;
  readonly askedAgain: number;
  /** Whole answers by provider, in the order given. */
  readonly served: readonly { readonly provider: string; readonly count: number }[];
  readonly visibleBreaks: number;
  /** Answers that were not 200, or none at all. */
  readonly errorsSeen: number;
  /** Failed attempts behind answers that the clients took for ordinary ones. */
  readonly hiddenFailures: number;
  readonly toOtherProvider: number;
  readonly toOtherKey: number;
  /** The longest time until an answer began. */
  readonly longestWaitMs: number;
};

/** Counts what the clients saw and what the relay did behind it. */
export class Tally {
  readonly #providers: readonly string[];
  readonly #seen: SeenByClient[] = [];
  #hiddenFailures = 0;
  #toOtherProvider = 0;
  #toOtherKey = 0;

  constructor(providers: readonly string[]) {
    this.#providers = providers;
  }

  noteSeen(seen: SeenByClient): void {
    this.#seen.push(seen);
  }

  noteEvent(event: RelayEvent): void {
    if (event.kind !== 'exchange-completed' || event.record.status !== 200) return;
    const { attempts } = event.record;
    attempts.forEach(({ failure, upstream }, index) => {
      const next = attempts[index + 1];
      if (failure === undefined || next === undefined) return;
      this.#hiddenFailures += 1;
      if (next.upstream === upstream) this.#toOtherKey += 1;
      else this.#toOtherProvider += 1;
    });
  }

  get figures(): Figures {
    const seen = this.#seen;
    const isServed = ({ status, isWhole }: SeenByClient) => status === 200 && isWhole;
    return {
      requests: seen.length,
      askedAgain: seen.filter(({ isAskedAgain }) => isAskedAgain).length,
      served: this.#providers.map((provider) => ({
        provider,
        count: seen.filter((each) => isServed(each) && each.provider === provider).length,
      })),
      visibleBreaks: seen.filter(({ status, isWhole }) => status === 200 && !isWhole).length,
      errorsSeen: seen.filter(({ status }) => status !== 200).length,
      hiddenFailures: this.#hiddenFailures,
      toOtherProvider: this.#toOtherProvider,
      toOtherKey: this.#toOtherKey,
      longestWaitMs: Math.max(0, ...seen.map(({ waitMs }) => waitMs)),
    };
  }
}
