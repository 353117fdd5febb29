import { describe, expect, it } from 'vitest';
import { callKeytar, type Keytar } from '../../../relay-core/secrets/call-keytar.ts';

const secret = 'fake-secret-value';

const failing = (message: string): Keytar => {
  const fail = () => Promise.reject(new Error(message));
  return { getPassword: fail, setPassword: fail, deletePassword: fail, findCredentials: fail };
};
const ask = (keytar: Keytar) =>
  callKeytar(
    { load: () => Promise.resolve(keytar), probeId: '1' },
    { kind: 'write', name: 'a', value: secret },
  );

describe('a call of keytar', () => {
  it('says when the module cannot be loaded', async () => {
    const load = () => Promise.reject(new Error('Failed to load keytar native addon'));
    expect(await callKeytar({ load, probeId: '1' }, { kind: 'list' })).toEqual({
      kind: 'failed',
      cause: 'not-loaded',
    });
  });

  // The sentences are those of libsecret 0.20.5, gnome-keyring 42 and dbus 1.14, seen on Debian 12; the last of macOS.
  it.each([
    ['Cannot autolaunch D-Bus without X11 $DISPLAY', 'no-bus'],
    ['Could not connect: Connection refused', 'no-bus'],
    ['Object does not exist at path “/org/freedesktop/secrets/collection/login”', 'no-key-chain'],
    ['The name org.freedesktop.secrets was not provided by any .service files', 'no-key-chain'],
    ['Error calling StartServiceByName for org.freedesktop.secrets: exited with status 1', 'no-key-chain'],
    ['Cannot create an item in a locked collection', 'locked'],
    ['Timeout was reached', 'timed-out'],
    ['User interaction is not allowed.', 'locked'],
  ])('understands "%s"', async (message, cause) => {
    expect(await ask(failing(message))).toEqual({ kind: 'failed', cause, detail: undefined });
  });

  it('quotes other words of the system, but never the value', async () => {
    expect(await ask(failing('The stub received bad data.\nmore'))).toEqual({
      kind: 'failed',
      cause: 'refused',
      detail: 'The stub received bad data.',
    });
    expect(await ask(failing(`cannot keep ${secret}`))).toEqual({
      kind: 'failed',
      cause: 'refused',
      detail: undefined,
    });
  });

  it('lists names without their values', async () => {
    const keytar = {
      ...failing('unused'),
      findCredentials: () => Promise.resolve([{ account: 'a', password: secret }]),
    };
    const reply = await callKeytar({ load: () => Promise.resolve(keytar), probeId: '1' }, { kind: 'list' });
    expect(reply).toEqual({ kind: 'names', names: ['a'] });
  });
});
