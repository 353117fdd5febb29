import { expect, it } from 'vitest';
import { openSecretStore } from '../../../relay-core/secrets/open-secret-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeKeyChain } from './fake-keytar.ts';

it('opens the key chain where it works', async () => {
  const { store, fallback } = await openSecretStore(new FakeClock(), new FakeKeyChain().ask);
  expect(store.kind).toBe('key-chain');
  expect(fallback).toBeUndefined();
});

it('keeps secrets in memory where it does not, and says why', async () => {
  const keyChain = new FakeKeyChain();
  keyChain.mood = 'locked';
  const { store, fallback } = await openSecretStore(new FakeClock(), keyChain.ask);
  expect(store.kind).toBe('memory');
  expect(fallback).toEqual({
    kind: 'unavailable',
    reason: 'the key chain is locked',
    remedy: 'Unlock it and run this again, or keep the key in an environment variable.',
  });
  expect(await store.write('b', 'x')).toEqual({ kind: 'ok' });
  expect(await store.write('a', 'y')).toEqual({ kind: 'ok' });
  expect(await store.read('b')).toEqual({ kind: 'ok', value: 'x' });
  expect(await store.list()).toEqual({ kind: 'ok', names: ['a', 'b'] });
  expect(await store.remove('b')).toEqual({ kind: 'ok' });
  expect(await store.remove('b')).toEqual({ kind: 'missing' });
  expect(await store.read('b')).toEqual({ kind: 'missing' });
  expect(keyChain.passwords.size).toBe(0);
});
