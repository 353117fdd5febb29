import { checkHeaders } from './check-headers.ts';
import type { CheckedFields } from './checked-fields.ts';
import type { ConfigPath, Finding } from './config-path.ts';
import { isSendable } from './secret-text.ts';
import { isSubscriptionToken, subscriptionTokenMessage } from './subscription-token.ts';

type ProviderFields = NonNullable<CheckedFields['providers'][number]>;

const proxyProtocols = ['http:', 'https:', 'socks:', 'socks5:', 'socks5h:'];

/** Rules of `providers:` that no single field can know: names, URLs, headers, kinds of keys. */
export function checkProviders({ providers }: CheckedFields): readonly Finding[] {
  const firstOf = new Map(providers.map((provider, index) => [provider?.name, index] as const).toReversed());
  return providers.flatMap((provider, index) => {
    if (provider === undefined) return [];
    const path = ['providers', index];
    return [
      ...checkName(provider, index, firstOf),
      ...checkBaseUrl(provider.base_url, [...path, 'base_url']),
      ...checkProxyUrl(provider.proxy_url, [...path, 'proxy_url']),
      ...checkHeaders(provider.headers, [...path, 'headers']),
      ...provider.keys.flatMap(({ key }, keyIndex) =>
        checkKey(key ?? '', [...path, 'keys', keyIndex, 'key']),
      ),
    ];
  });
}

function checkName(
  { name }: ProviderFields,
  index: number,
  firstOf: ReadonlyMap<string | undefined, number>,
): readonly Finding[] {
  const first = firstOf.get(name);
  if (name === undefined || name === '' || first === index) return [];
  const message = `the name "${name}" is taken by providers[${first}]: names must be unique`;
  return [{ path: ['providers', index, 'name'], target: 'value', message }];
}

function checkBaseUrl(baseUrl: string | undefined, path: ConfigPath): readonly Finding[] {
  const message = baseUrl ? baseUrlFault(baseUrl) : undefined;
  return message === undefined ? [] : [{ path, target: 'value', message }];
}

function baseUrlFault(baseUrl: string): string | undefined {
  const url = URL.parse(baseUrl);
  if (url === null || /\s/.test(baseUrl) || !/^https?:\/\//i.test(baseUrl)) {
    return 'must be an http:// or https:// URL';
  }
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password: use keys';
  if (/[?#]/.test(baseUrl)) return 'must not contain "?" or "#": request paths are appended to it';
  const [, ending] = /(\/v1(?:\/messages)?)\/*$/.exec(url.pathname) ?? [];
  return ending === undefined ? undefined : `leave ${ending} out: the relay adds it`;
}

function checkProxyUrl(proxyUrl: string | undefined, path: ConfigPath): readonly Finding[] {
  if (!proxyUrl) return [];
  const url = URL.parse(proxyUrl);
  if (url !== null && url.hostname !== '' && proxyProtocols.includes(url.protocol)) return [];
  return [{ path, target: 'value', message: 'must be an http://, https://, socks5:// or socks:// URL' }];
}

function checkKey(key: string, path: ConfigPath): readonly Finding[] {
  if (isSubscriptionToken(key)) return [{ path, target: 'value', message: subscriptionTokenMessage }];
  if (isSendable(key)) return [];
  return [{ path, target: 'value', message: 'contains a character that no HTTP header can carry' }];
}
