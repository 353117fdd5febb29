import type { Clock, SecretRead, SecretStore } from '../ports.ts';

/** Longest wait for all secrets together: a relay that starts must not wait for a password window. */
const allLimitMs = 3000;

/** A secret that is not at hand, and why, in a sentence for the user. */
type SecretProblem = { readonly name: string; readonly message: string };

/** The secrets that are at hand, by name, and what is wrong with the others. */
export type ReadSecrets = {
  readonly secrets: ReadonlyMap<string, string>;
  readonly problems: readonly SecretProblem[];
};

/** Reads several secrets within one time limit; what is missing or late is a problem, never an exception. */
export async function readSecrets(
  store: SecretStore,
  names: readonly string[],
  clock: Clock,
): Promise<ReadSecrets> {
  const { promise: late, resolve } = Promise.withResolvers<SecretRead>();
  const timer = clock.startTimer(allLimitMs, () =>
    resolve({
      kind: 'unavailable',
      reason: 'the key chain did not answer in time',
      remedy: 'Unlock it and start again.',
    }),
  );
  const wanted = [...new Set(names)];
  const reads = await Promise.all(
    wanted.map(async (name) => ({ name, read: await Promise.race([store.read(name), late]) })),
  );
  timer.cancel();
  return {
    secrets: new Map(reads.flatMap(({ name, read }) => (read.kind === 'ok' ? [[name, read.value]] : []))),
    problems: reads.flatMap(({ name, read }) => {
      const message = describeProblem(name, read);
      return message === undefined ? [] : [{ name, message }];
    }),
  };
}

function describeProblem(name: string, read: SecretRead): string | undefined {
  switch (read.kind) {
    case 'ok':
      return undefined;
    case 'missing':
      return `the key chain has no key ${name}: add it with "cc-relay keys add ${name}"`;
    case 'unavailable':
      return `the key ${name} cannot be read: ${read.reason}. ${read.remedy}`;
  }
}
