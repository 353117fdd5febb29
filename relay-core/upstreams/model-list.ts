import type { Clock } from '../ports.ts';
import type { ListedModel } from '../providers/provider.ts';
import { askJson } from './ask-json.ts';
import type { Upstream } from './upstream.ts';

const freshMs = 60_000;
/** A provider that did not answer is not asked again for each request. */
const failedFreshMs = 5_000;
const longestWaitMs = 2_000;

/** The models that an upstream says it has, where the configuration names none. */
export class ModelList {
  #models: readonly ListedModel[] | undefined;
  #failure: string | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  /** What it said last; undefined = never asked, or it never answered. */
  get models(): readonly ListedModel[] | undefined {
    return this.#models;
  }

  /** Why nothing is known, in words; undefined = something is. */
  get failure(): string | undefined {
    return this.#models === undefined ? this.#failure : undefined;
  }

  /**
   * Asks the upstream when what is known is old. Returns what to wait for when nothing is known yet; never rejects,
   * and takes two seconds at most.
   */
  refresh(upstream: Upstream, clock: Clock): Promise<void> | undefined {
    const { modelDiscovery } = upstream.adapter;
    if (modelDiscovery === undefined || upstream.config.models !== undefined) return undefined;
    const staleMs = this.#failure === undefined ? freshMs : failedFreshMs;
    if (clock.monotonic() - this.#askedAtMs >= staleMs) {
      this.#askedAtMs = clock.monotonic();
      this.#asking = this.#ask(upstream, clock).finally(() => {
        this.#asking = undefined;
      });
    }
    return this.#models === undefined ? this.#asking : undefined;
  }

  async #ask(upstream: Upstream, clock: Clock): Promise<void> {
    const { modelDiscovery } = upstream.adapter;
    if (modelDiscovery === undefined) return;
    const answer = await askJson(upstream, { ...modelDiscovery, waitMs: longestWaitMs, clock });
    this.#failure = answer.ok ? undefined : `its models could not be listed: ${answer.detail}`;
    if (answer.ok) this.#models = modelDiscovery.read(answer.value);
  }
}
