import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../relay-core/errors.ts';
import { type GuardedHeaders, type GuardSettings, guard } from '../../../relay-core/server/guard.ts';

const loopback: GuardSettings = { listenHost: '127.0.0.1', allowedHosts: [], hasToken: false };
const loopbackWithToken: GuardSettings = { ...loopback, hasToken: true };
const everywhere: GuardSettings = { listenHost: '0.0.0.0', allowedHosts: [], hasToken: true };

const verdict = (headers: GuardedHeaders, settings = loopback): string => {
  try {
    guard(headers, settings);
    return 'served';
  } catch (error) {
    if (error instanceof RelayError && error.row.status === 403) return error.code;
    throw error;
  }
};

describe('the guard of a relay on loopback', () => {
  it.each([
    '127.0.0.1:8787',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost:8787',
    'localhost',
    'LOCALHOST:8787',
    'LocalHost',
    '[::1]:8787',
    '[::1]',
  ])('serves the host %s, with a token or without', (host) => {
    expect(verdict({ host })).toBe('served');
    expect(verdict({ host }, loopbackWithToken)).toBe('served');
  });

  it.each([
    'evil.com',
    'evil.com:8787',
    'localhost.evil.com',
    'localhost.evil.com:8787',
    '127.0.0.1.evil.com:8787',
    'evil-localhost',
    'notlocalhost:8787',
    'localhost.',
    'localhost:8787.evil.com',
    '127.0.0.1:evil',
    '127.0.0.1:8787:8787',
    '127.0.0.1@evil.com',
    'evil.com@127.0.0.1',
    '127.0.0.1/evil',
    '127.0.0.1#evil.com',
    '127.0.0.1,evil.com',
    '127.0.0.1 evil.com',
    '127.1',
    '2130706433',
    '0x7f.1',
    '127.0.0.2',
    '192.168.1.5:8787',
    '0.0.0.0:8787',
    '8.8.8.8',
    '[::2]:8787',
    '[fe80::1]:8787',
    '::1',
    '::1:8787',
    '[::1',
    '[::1]evil.com',
    '[localhost]',
    'xn--lcalhost-54a',
    'localhost\n',
    ':8787',
    '',
    ' ',
  ])('refuses the host %j, with a token or without', (host) => {
    expect(verdict({ host })).toBe('foreign-host');
    expect(verdict({ host }, loopbackWithToken)).toBe('foreign-host');
  });

  it('refuses a request without a host', () => {
    expect(verdict({})).toBe('foreign-host');
    expect(verdict({ host: undefined })).toBe('foreign-host');
  });

  it.each(['127.0.0.1', '::1', 'localhost', 'LOCALHOST'])(
    'knows all loopback names when it listens on %s',
    (listenHost) => {
      const hosts = ['127.0.0.1:8787', '[::1]:8787', 'localhost:8787'];
      expect(hosts.map((host) => verdict({ host }, { ...loopback, listenHost }))).toEqual([
        'served',
        'served',
        'served',
      ]);
    },
  );

  it('knows the very address it listens on', () => {
    const settings = { ...loopback, listenHost: '127.0.0.2' };
    expect(verdict({ host: '127.0.0.2:8787' }, settings)).toBe('served');
    expect(verdict({ host: '127.0.0.3:8787' }, settings)).toBe('foreign-host');
  });

  it('serves the names in server.allowed_hosts, whatever their case and port', () => {
    const settings = { ...loopback, allowedHosts: ['relay.example', 'host.docker.internal'] };
    const verdicts = (hosts: readonly string[]) => hosts.map((host) => verdict({ host }, settings));
    expect(verdicts(['relay.example', 'RELAY.example:8787', 'host.docker.internal:1'])).toEqual(
      Array(3).fill('served'),
    );
    expect(verdicts(['sub.relay.example', 'relay.example.evil.com', 'example'])).toEqual(
      Array(3).fill('foreign-host'),
    );
  });

  it('quotes the refused host safely', () => {
    expect(() => guard({ host: 'evil"\n.com' }, loopback)).toThrow(String.raw`"evil\"\n.com"`);
  });
});

describe('the guard of a relay that other computers reach', () => {
  it.each([
    '192.168.1.5:8787',
    '10.0.0.1',
    '127.0.0.1:8787',
    '[::1]:8787',
    '[fd00::1]:8787',
    '0.0.0.0',
    'localhost',
  ])('serves the address %s when there is a token', (host) => {
    expect(verdict({ host }, everywhere)).toBe('served');
    expect(verdict({ host }, { ...everywhere, listenHost: '::' })).toBe('served');
    expect(verdict({ host }, { ...everywhere, listenHost: '192.168.1.5' })).toBe('served');
  });

  it.each(['evil.com', 'my-host:8787', '192.168.1.5.evil.com', '192.168.1', '3232235781'])(
    'refuses the name %s: it may have been rebound',
    (host) => {
      expect(verdict({ host }, everywhere)).toBe('foreign-host');
    },
  );

  it('serves the name it listens on', () => {
    const settings = { ...everywhere, listenHost: 'Relay.lan' };
    expect(verdict({ host: 'relay.LAN:8787' }, settings)).toBe('served');
    expect(verdict({ host: 'other.lan:8787' }, settings)).toBe('foreign-host');
  });

  it('serves no other address without a token', () => {
    const settings = { ...everywhere, listenHost: '192.168.1.5', hasToken: false };
    expect(verdict({ host: '192.168.1.5:8787' }, settings)).toBe('served');
    expect(verdict({ host: '192.168.1.6:8787' }, settings)).toBe('foreign-host');
  });
});

describe('the guard against web pages', () => {
  const host = '127.0.0.1:8787';

  it.each(['http://127.0.0.1:8787', 'https://127.0.0.1:8787'])('serves its own page at %s', (origin) => {
    expect(verdict({ host, origin })).toBe('served');
  });

  it.each([
    'null',
    '',
    'https://evil.com',
    'http://127.0.0.1',
    'http://127.0.0.1:3000',
    'http://localhost:8787',
    'http://127.0.0.1:8787.evil.com',
    'http://127.0.0.1:8787/',
    'http://evil.com/http://127.0.0.1:8787',
    'chrome-extension://abcdefgh',
    'file://',
    '127.0.0.1:8787',
    'http://127.0.0.1:8787, https://evil.com',
  ])('refuses a page of %j', (origin) => {
    expect(verdict({ host, origin })).toBe('foreign-page');
  });

  it.each(['same-origin', 'none'])('serves a browser that says %s', (site) => {
    expect(verdict({ host, 'sec-fetch-site': site })).toBe('served');
    expect(verdict({ host, origin: `http://${host}`, 'sec-fetch-site': site })).toBe('served');
  });

  it.each(['cross-site', 'same-site', '', 'SAME-ORIGIN', 'same-origin, same-origin', 'something-new'])(
    'refuses a browser that says %j',
    (site) => {
      expect(verdict({ host, 'sec-fetch-site': site })).toBe('foreign-page');
    },
  );

  it('refuses a browser that says several things', () => {
    expect(verdict({ host, 'sec-fetch-site': ['same-origin', 'cross-site'] })).toBe('foreign-page');
  });

  it('refuses a foreign site even with its own origin', () => {
    expect(verdict({ host, origin: `http://${host}`, 'sec-fetch-site': 'cross-site' })).toBe('foreign-page');
  });

  it('refuses a rebound page although host and origin agree', () => {
    expect(verdict({ host: 'evil.com:8787', origin: 'http://evil.com:8787' })).toBe('foreign-host');
  });

  it('refuses foreign pages with a token as well', () => {
    expect(verdict({ host, origin: 'https://evil.com' }, loopbackWithToken)).toBe('foreign-page');
    expect(verdict({ host: '10.0.0.1:8787', origin: 'https://evil.com' }, everywhere)).toBe('foreign-page');
  });
});
