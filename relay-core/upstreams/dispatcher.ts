import { type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from 'undici';
import type { Environment } from '../ports.ts';

/** What decides how an upstream is reached. */
export type ConnectionSettings = {
  /** Scheme, host and port of the upstream. */
  readonly origin: string;
  readonly proxyUrl: string | undefined;
  readonly connectMs: number;
  readonly env: Environment;
};

/** Idle sockets are kept a little less long than Anthropic's edge and common load balancers (60 s) do. */
const keepAliveMs = 55_000;
/** Loopback never goes through a proxy that only the environment names. */
const alwaysDirect = 'localhost,127.0.0.1,[::1],::1';

/**
 * Sockets toward one upstream: through its own proxy, else as the usual proxy variables say.
 * HTTP/1.1 only: over HTTP/2 one dropped connection would cut every stream at once.
 */
export const createDispatcher = (settings: ConnectionSettings): Dispatcher => {
  const { env } = settings;
  const options = {
    allowH2: false,
    connect: { timeout: settings.connectMs, allowH2: false },
    connectTimeout: settings.connectMs,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: 65_536,
  };
  if (settings.proxyUrl !== undefined)
    return new ProxyAgent({ ...options, uri: settings.proxyUrl.replace(/^socks5h:/, 'socks5:') });
  const everyProtocol = env.ALL_PROXY ?? env.all_proxy ?? '';
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? everyProtocol;
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY ?? everyProtocol;
  // One origin, no proxy: a pool needs none of the look-ups that an agent makes for each request.
  if (httpProxy === '' && httpsProxy === '') return new Pool(settings.origin, options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy,
    httpsProxy,
    noProxy: [env.no_proxy ?? env.NO_PROXY ?? '', alwaysDirect].filter(Boolean).join(','),
  });
};
