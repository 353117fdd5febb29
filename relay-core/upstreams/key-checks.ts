import type { PooledKey } from '../keys/pooled-key.ts';
import type { Clock } from '../ports.ts';
import { probe } from './probe.ts';
import type { Upstream } from './upstream.ts';

/** What became of a key that an upstream had refused with 401. */
export type KeyVerdict = 'retired' | 'cooling';

const unclearCooldownMs = 30_000;

/**
 * Confirms a 401 with a free probe before a key is retired (behaviour.md 3): one refusal may be the vendor's
 * own trouble. Until the probe is back nobody uses the key. Returns undefined when a check runs already.
 */
export const checkKey = async (
  upstream: Upstream,
  key: PooledKey,
  clock: Clock,
): Promise<KeyVerdict | undefined> => {
  const { kind } = key.standing(clock.monotonic());
  if (kind === 'checking' || kind === 'retired') return undefined;
  key.check();
  const result = await probe(upstream, key.config.keyId, clock);
  // Restored by hand meanwhile: the user's word counts.
  if (key.standing(clock.monotonic()).kind !== 'checking') return undefined;
  if (result === 'unauthorized') {
    key.retire();
    return 'retired';
  }
  key.endCheck(unclearCooldownMs, clock.monotonic());
  return 'cooling';
};
