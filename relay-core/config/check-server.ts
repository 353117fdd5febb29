import type { CheckedFields } from './checked-fields.ts';
import type { ConfigPath, Finding } from './config-path.ts';
import { isLoopbackHost, parseListenAddress } from './listen-address.ts';
import { publicPlaceholder } from './placeholder-token.ts';
import { isSendable } from './secret-text.ts';

type ServerFields = NonNullable<CheckedFields['server']>;
type Secret = { readonly path: ConfigPath; readonly value: string };

/** Rules of `server:`: the address, and who may use it. */
export function checkServer({ server }: CheckedFields): readonly Finding[] {
  if (server === undefined) return [];
  const secrets = secretsOf(server);
  return [...checkListen(server, secrets), ...checkBearer(server), ...secrets.flatMap(checkSecret)];
}

function secretsOf(server: ServerFields): readonly Secret[] {
  const written = [
    { path: ['server', 'api_key'], value: server.api_key ?? '' },
    { path: ['server', 'auth', 'api_key'], value: server.auth.api_key ?? '' },
    { path: ['server', 'auth', 'bearer_secret'], value: server.auth.bearer_secret ?? '' },
  ];
  return written.filter(({ value }) => value.trim() !== '');
}

function checkListen({ listen }: ServerFields, secrets: readonly Secret[]): readonly Finding[] {
  if (listen === undefined || listen === '') return [];
  const path = ['server', 'listen'];
  const address = parseListenAddress(listen);
  if (!address.ok) return [{ path, target: 'value', message: address.reason }];
  if (isLoopbackHost(address.host) || secrets.length > 0) return [];
  const message =
    'other computers could reach this address and spend your keys: set server.auth.api_key, or listen on 127.0.0.1';
  return [{ path, target: 'value', message }];
}

function checkBearer({ auth }: ServerFields): readonly Finding[] {
  if (!auth.allow_bearer || auth.bearer_secret?.trim()) return [];
  const message =
    'would accept any token: set bearer_secret, or use allow_subscription to pass Claude Code logins through';
  return [{ path: ['server', 'auth', 'allow_bearer'], target: 'value', message }];
}

function checkSecret({ path, value }: Secret): readonly Finding[] {
  if (value.trim() === publicPlaceholder) {
    return [
      { path, target: 'value', message: 'is the public placeholder, which everybody knows: choose a secret' },
    ];
  }
  if (isSendable(value)) return [];
  return [{ path, target: 'value', message: 'contains a character that no HTTP header can carry' }];
}
