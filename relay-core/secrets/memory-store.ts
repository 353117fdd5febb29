import type { SecretStore } from '../ports.ts';

/** Keeps secrets until the process ends: for where there is no key chain. */
export function createMemoryStore(): SecretStore {
  const secrets = new Map<string, string>();
  return {
    kind: 'memory',
    read: (name) => {
      const value = secrets.get(name);
      return Promise.resolve(value === undefined ? { kind: 'missing' } : { kind: 'ok', value });
    },
    write: (name, value) => {
      secrets.set(name, value);
      return Promise.resolve({ kind: 'ok' });
    },
    remove: (name) => Promise.resolve({ kind: secrets.delete(name) ? 'ok' : 'missing' }),
    list: () => Promise.resolve({ kind: 'ok', names: [...secrets.keys()].toSorted() }),
  };
}
