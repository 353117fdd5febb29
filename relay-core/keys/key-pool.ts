import type { KeyConfig } from '../config/config.ts';
import type { Random } from '../ports.ts';
import type { Credential } from '../providers/provider.ts';
import { createKeyOrder, type KeyStrategy, type OrderKeys } from './key-strategies.ts';
import { PooledKey } from './pooled-key.ts';

/** How a pool orders its keys. */
export type KeyPoolParts = { readonly strategy: KeyStrategy; readonly random: Random };

/** The configured keys of one upstream. Outside this folder a key is known by its id. */
export class KeyPool {
  readonly keys: readonly PooledKey[];
  readonly #byId: ReadonlyMap<string, PooledKey>;
  readonly #order: OrderKeys;
  readonly #single: readonly Credential[];
  #uses = 0;

  /** `before`: the pool of an earlier configuration; what it knows of keys that are still there stays. */
  constructor(keys: readonly KeyConfig[], parts: KeyPoolParts, before?: KeyPool) {
    this.keys = keys.map((key) => {
      const known = before?.find(key.keyId);
      known?.reconfigure(key);
      return known ?? new PooledKey(key);
    });
    this.#byId = new Map(this.keys.map((key) => [key.config.keyId, key]));
    this.#order = createKeyOrder(parts.strategy, parts.random);
    this.#single = this.keys.map(({ credential }) => credential);
  }

  /** The keys as credentials, in the order in which one request should try them. */
  order(nowMs: number): readonly Credential[] {
    if (this.keys.length < 2) return this.#single;
    return this.#order(this.keys, nowMs).map(({ credential }) => credential);
  }

  /** The key of this id; undefined for one that is not in the pool. */
  find(keyId: string): PooledKey | undefined {
    return this.#byId.get(keyId);
  }

  /** Notes that a key was used, for the strategies that take turns. */
  noteUse(key: PooledKey): void {
    this.#uses += 1;
    key.lastUse = this.#uses;
  }

  /** How many keys neither rest nor are retired. */
  availableCount(nowMs: number): number {
    let count = 0;
    for (const key of this.keys) if (key.isAvailable(nowMs)) count += 1;
    return count;
  }

  /** True when another key than this one neither rests nor is retired. */
  hasSibling(keyId: string, nowMs: number): boolean {
    return this.keys.some((key) => key.config.keyId !== keyId && key.isAvailable(nowMs));
  }
}
