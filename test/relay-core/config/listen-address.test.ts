import { describe, expect, it } from 'vitest';
import { isLoopbackHost, parseListenAddress } from '../../../relay-core/config/listen-address.ts';

describe('a listen address', () => {
  it.each([
    ['127.0.0.1:8787', '127.0.0.1', 8787],
    ['localhost:0', 'localhost', 0],
    [':8787', '0.0.0.0', 8787],
    ['[::1]:65535', '::1', 65535],
    ['my-host.local:80', 'my-host.local', 80],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ ok: true, host, port });
  });

  it.each([
    ['8787', /host:port/],
    ['127.0.0.1', /host:port/],
    ['127.0.0.1:', /port from 0/],
    ['127.0.0.1:65536', /port from 0/],
    ['127.0.0.1:-1', /port from 0/],
    ['127.0.0.1:http', /port from 0/],
    ['127.0.0.1:8787/', /port from 0/],
    ['my host:80', /spaces/],
    ['::1:8787', /brackets/],
    ['[nonsense]:80', /host:port/],
    ['[127.0.0.1]:80', /host:port/],
    ['http://127.0.0.1:8787', /scheme/],
    ['user@host:80', /host:port/],
  ])('refuses %s', (text, reason) => {
    expect(parseListenAddress(text)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'knows that only this computer reaches %s',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.5',
    '128.0.0.1',
    'localhost.example.com',
    'my-host',
    '127.example.com',
  ])('counts %s as reachable from elsewhere', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});
