import type { Clock, SecretStore, SecretsUnavailable } from '../ports.ts';
import type { AskKeyChain } from './key-chain.ts';
import { createKeyChainStore } from './key-chain-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { runKeyChain } from './run-key-chain.ts';

/** The store to use. `fallback` says why it is not the key chain; undefined = it is. */
export type OpenedSecretStore = {
  readonly store: SecretStore;
  readonly fallback: SecretsUnavailable | undefined;
};

/** Opens the system's key chain if a probe proves that it works, else a store in memory; within the probe's time limit. */
export async function openSecretStore(
  clock: Clock,
  ask: AskKeyChain = runKeyChain(clock),
): Promise<OpenedSecretStore> {
  const keyChain = createKeyChainStore(ask, clock);
  const fallback = await keyChain.unavailability();
  return { store: fallback === undefined ? keyChain : createMemoryStore(), fallback };
}
