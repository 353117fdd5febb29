import { callKeytar, type Keytar } from '../../../relay-core/secrets/call-keytar.ts';
import type { AskKeyChain, KeyChainRequest } from '../../../relay-core/secrets/key-chain.ts';

/** How the fake key chain behaves; a locked one answers reads as if it were empty, as the real one does. */
export type Mood = 'works' | 'locked' | 'hangs';

/** keytar in memory, behind the real `callKeytar`. */
export class FakeKeyChain {
  mood: Mood = 'works';
  /** By service and account, as `service/account`. */
  readonly passwords = new Map<string, string>();
  readonly requests: KeyChainRequest[] = [];
  aborted = 0;

  readonly ask: AskKeyChain = (request, signal) => {
    this.requests.push(request);
    signal.addEventListener('abort', () => {
      this.aborted += 1;
    });
    return callKeytar({ load: () => Promise.resolve(this.#keytar), probeId: '1' }, request);
  };

  readonly #keytar: Keytar = {
    getPassword: (service, account) =>
      this.#answer(() =>
        this.mood === 'locked' ? null : (this.passwords.get(`${service}/${account}`) ?? null),
      ),
    setPassword: (service, account, password) =>
      this.#answer(() => {
        if (this.mood === 'locked') throw new Error('Cannot create an item in a locked collection');
        this.passwords.set(`${service}/${account}`, password);
      }),
    deletePassword: (service, account) =>
      this.#answer(() => this.mood !== 'locked' && this.passwords.delete(`${service}/${account}`)),
    findCredentials: (service) =>
      this.#answer(() =>
        [...this.passwords]
          .filter(([path]) => path.startsWith(`${service}/`))
          .map(([path, password]) => ({ account: path.slice(service.length + 1), password })),
      ),
  };

  async #answer<Value>(answer: () => Value): Promise<Value> {
    if (this.mood === 'hangs') await new Promise(() => undefined);
    return answer();
  }
}
