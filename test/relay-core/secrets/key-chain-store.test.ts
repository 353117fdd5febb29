import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyChainStore, type KeyChainStore } from '../../../relay-core/secrets/key-chain-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeKeyChain } from './fake-keytar.ts';

let keyChain: FakeKeyChain;
let clock: FakeClock;
let store: KeyChainStore;
beforeEach(() => {
  keyChain = new FakeKeyChain();
  clock = new FakeClock();
  store = createKeyChainStore(keyChain.ask, clock);
});

/** Lets time pass until the store has given up. */
const runOut = async <Value>(call: Promise<Value>): Promise<Value> => {
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(3000);
  return await call;
};
const probes = (): number => keyChain.requests.filter(({ kind }) => kind === 'probe').length;

describe('the store in the key chain', () => {
  it('keeps, reads, lists and removes, and hides its probe', async () => {
    expect(await store.write('b', 'värde')).toEqual({ kind: 'ok' });
    expect(await store.write('a', 'other')).toEqual({ kind: 'ok' });
    keyChain.passwords.set('cc-relay-probe/17', 'left over');
    expect(await store.list()).toEqual({ kind: 'ok', names: ['a', 'b'] });
    expect(await store.read('b')).toEqual({ kind: 'ok', value: 'värde' });
    expect(await store.remove('b')).toEqual({ kind: 'ok' });
    expect(await store.remove('b')).toEqual({ kind: 'missing' });
    expect(await store.read('b')).toEqual({ kind: 'missing' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('proves itself by a write before the first call, once, and removes what it wrote', async () => {
    await Promise.all([store.read('a'), store.list(), store.unavailability()]);
    expect(keyChain.requests.slice(0, 2).map(({ kind }) => kind)).toEqual(['probe', 'read']);
    expect(probes()).toBe(1);
    expect(keyChain.passwords.size).toBe(0);
  });

  it('does not take the silence of a locked key chain for a missing key', async () => {
    await store.write('a', 'secret-value');
    keyChain.mood = 'locked';
    clock.advance(5001);
    expect(await store.read('a')).toMatchObject({ kind: 'unavailable', reason: 'the key chain is locked' });
    clock.advance(1000);
    expect(await store.remove('a')).toMatchObject({ kind: 'unavailable' });
    clock.advance(2000);
    keyChain.mood = 'works';
    expect(await store.read('a')).toEqual({ kind: 'ok', value: 'secret-value' });
  });

  it('gives up after three seconds and ends what hangs', async () => {
    keyChain.mood = 'hangs';
    const answer = await runOut(store.read('a'));
    expect(answer).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('did not answer in time'),
      remedy: expect.stringContaining('Unlock it'),
    });
    expect(keyChain.aborted).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('remembers a failure, and asks again after rests that double up to a minute', async () => {
    keyChain.mood = 'locked';
    const restsMs = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];
    for (const [index, restMs] of restsMs.entries()) {
      expect(await store.unavailability()).toMatchObject({ reason: 'the key chain is locked' });
      expect(probes()).toBe(index + 1);
      clock.advance(restMs - 1);
      expect(await store.read('a')).toMatchObject({ kind: 'unavailable' });
      expect(probes()).toBe(index + 1);
      clock.advance(1);
    }
    keyChain.mood = 'works';
    expect(await store.unavailability()).toBeUndefined();
    keyChain.mood = 'locked';
    expect(await store.write('a', 'x')).toMatchObject({ kind: 'unavailable' });
    clock.advance(1000);
    keyChain.mood = 'works';
    expect(await store.write('a', 'x')).toEqual({ kind: 'ok' });
  });
});
