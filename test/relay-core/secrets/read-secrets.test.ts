import { expect, it } from 'vitest';
import { createKeyChainStore } from '../../../relay-core/secrets/key-chain-store.ts';
import { createMemoryStore } from '../../../relay-core/secrets/memory-store.ts';
import { readSecrets } from '../../../relay-core/secrets/read-secrets.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeKeyChain } from './fake-keytar.ts';

it('reads each name once and says which are missing', async () => {
  const store = createMemoryStore();
  await store.write('a', 'fake-value-a');
  const { secrets, problems } = await readSecrets(store, ['a', 'b', 'a', 'b'], new FakeClock());
  expect([...secrets]).toEqual([['a', 'fake-value-a']]);
  expect(problems).toEqual([
    { name: 'b', message: 'the key chain has no key b: add it with "cc-relay keys add b"' },
  ]);
});

it('waits three seconds for all of them together', async () => {
  const clock = new FakeClock();
  const store = createMemoryStore();
  await store.write('a', 'fake-value-a');
  const read = (name: string) => (name === 'a' ? store.read(name) : new Promise<never>(() => undefined));
  const reading = readSecrets({ ...store, read }, ['a', 'b', 'c'], clock);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(3000);
  const { secrets, problems } = await reading;
  expect([...secrets]).toEqual([['a', 'fake-value-a']]);
  expect(problems.map(({ name }) => name)).toEqual(['b', 'c']);
  expect(problems[0]?.message).toMatch(/^the key b cannot be read: the key chain did not answer in time/);
  expect(clock.pendingTimers).toBe(0);
});

it('asks for nothing when there is nothing to read', async () => {
  const keyChain = new FakeKeyChain();
  const clock = new FakeClock();
  expect(await readSecrets(createKeyChainStore(keyChain.ask, clock), [], clock)).toEqual({
    secrets: new Map(),
    problems: [],
  });
  expect(keyChain.requests).toEqual([]);
});
