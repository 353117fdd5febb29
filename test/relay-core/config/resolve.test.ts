import { describe, expect, it } from 'vitest';
import { keychainNames } from '../../../relay-core/config/keychain-names.ts';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import { configOf, load, noticesOf, provider, upstreamOf } from './config-texts.ts';

describe('defaults', () => {
  it('fills in every setting that an empty file leaves out', () => {
    expect(configOf('')).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8787,
        tokens: [],
        allowSubscription: false,
        allowedHosts: [],
        timeoutMs: 600_000,
        maxBodyBytes: 33_554_432,
        maxConcurrent: 0,
      },
      routing: {
        strategy: 'failover',
        affinity: 'session',
        debug: false,
        maxAttempts: 8,
        patienceMs: 120_000,
        queueTimeoutMs: 60_000,
        subscriptionFailover: true,
        modelMapping: new Map(),
        defaultProvider: undefined,
      },
      breaker: { failureThreshold: 5, openDurationMs: 30_000, halfOpenProbes: 3 },
      health: { probes: { isEnabled: true, intervalMs: 10_000 } },
      logging: { level: 'info', format: 'auto', output: 'stderr' },
      upstreams: [],
    });
  });

  it('fills in every setting that a provider leaves out', () => {
    expect(upstreamOf(provider())).toEqual({
      name: 'main',
      type: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
      auth: 'x-api-key',
      headers: [],
      proxyUrl: undefined,
      passThrough: 'anthropic',
      priority: 1,
      weight: 1,
      maxConcurrent: 0,
      timeouts: { connectMs: 10_000, firstByteMs: undefined, idleMs: 300_000 },
      keys: [],
      keyStrategy: 'least_loaded',
      models: undefined,
      modelMapping: new Map(),
      cloud: {},
      outOfService: undefined,
    });
  });

  it('keeps every setting that is written', () => {
    const text = [
      'server:',
      '  listen: "[::1]:9000"',
      '  timeout_ms: 1',
      '  max_body_bytes: 2',
      '  max_concurrent: 4',
      '  allowed_hosts: [relay.test]',
      '  auth: { allow_subscription: true, api_key: a }',
      'routing: { debug: true, max_attempts: 3, patience_ms: 0, subscription_failover: false, affinity: none, queue_timeout_ms: 0 }',
      'logging: { level: debug, output: relay.log }',
      provider(
        'base_url: https://example.com/api//',
        'auth: bearer',
        'headers: { X-A: b }',
        'proxy_url: socks5://p:1080',
        'priority: -3',
        'weight: 7',
        'max_concurrent: 8',
        'pooling: { enabled: true, strategy: weighted }',
        'timeouts: { connect_ms: 1, first_byte_ms: 2, idle_ms: 3 }',
        'models: [m]',
        'model_mapping: { claude: m }',
      ),
    ].join('\n');
    expect(configOf(text)).toMatchObject({
      server: {
        host: '::1',
        port: 9000,
        tokens: ['a'],
        allowSubscription: true,
        allowedHosts: ['relay.test'],
        timeoutMs: 1,
        maxBodyBytes: 2,
        maxConcurrent: 4,
      },
      routing: {
        debug: true,
        maxAttempts: 3,
        patienceMs: 0,
        subscriptionFailover: false,
        affinity: 'none',
        queueTimeoutMs: 0,
      },
      logging: { level: 'debug', output: 'relay.log' },
      upstreams: [
        {
          baseUrl: 'https://example.com/api',
          auth: 'bearer',
          headers: [['X-A', 'b']],
          proxyUrl: 'socks5://p:1080',
          priority: -3,
          weight: 7,
          maxConcurrent: 8,
          keyStrategy: 'weighted',
          timeouts: { connectMs: 1, firstByteMs: 2, idleMs: 3 },
          models: ['m'],
          modelMapping: new Map([['claude', 'm']]),
        },
      ],
    });
  });

  it('takes 0 as the default for timeout_ms and max_body_bytes', () => {
    const { server } = configOf('server: { timeout_ms: 0, max_body_bytes: 0 }');
    expect(server).toMatchObject({ timeoutMs: 600_000, maxBodyBytes: 33_554_432 });
  });

  it.each([
    ['{ pretty: true }', 'pretty'],
    ['{ pretty: true, format: json }', 'pretty'],
    ['{ format: console }', 'pretty'],
    ['{ format: text }', 'pretty'],
    ['{ format: pretty }', 'pretty'],
    ['{ format: json }', 'json'],
    ['{ pretty: false }', 'auto'],
  ])('reads logging: %s as format %s', (logging, format) => {
    expect(configOf(`logging: ${logging}`).logging.format).toBe(format);
  });

  it.each([
    ['anthropic', 'https://api.anthropic.com', 'x-api-key'],
    ['zai', 'https://api.z.ai/api/anthropic', 'bearer'],
    ['minimax', 'https://api.minimax.io/anthropic', 'bearer'],
    ['ollama', 'http://localhost:11434', 'x-api-key'],
    ['bedrock', '', 'x-api-key'],
    ['azure', '', 'x-api-key'],
    ['vertex', '', 'x-api-key'],
  ])('knows where %s lives and how it wants its key', (type, baseUrl, auth) => {
    expect(upstreamOf(`providers: [{ name: a, type: ${type} }]`)).toMatchObject({ baseUrl, auth });
  });

  it('takes priority from the provider, else from its first key, else 1', () => {
    expect(upstreamOf(provider('priority: 5', 'keys: [{key: a, priority: 7}]')).priority).toBe(5);
    expect(upstreamOf(provider('keys: [{key: a, priority: 0}, {key: b, priority: 7}]')).priority).toBe(0);
    expect(upstreamOf(provider('keys: [{key: a}, {key: b, priority: 7}]')).priority).toBe(1);
  });

  it.each([
    [provider('weight: 5', 'keys: [{key: a, weight: 7}]'), 5],
    [provider('weight: 0', 'keys: [{key: a, weight: 7}]'), 1],
    [provider('keys: [{key: a, weight: 7}, {key: b, weight: 2}]'), 7],
    [provider('keys: [{key: a, weight: 0}, {key: b, weight: 2}]'), 1],
    [provider('keys: [{key: a}, {key: b, weight: 2}]'), 1],
  ])('takes weight from the provider, else from its first key, else 1: %#', (text, weight) => {
    expect(upstreamOf(text).weight).toBe(weight);
  });

  it.each(['least_loaded', 'round_robin', 'random', 'weighted'])('chooses keys by %s', (strategy) => {
    expect(upstreamOf(provider(`pooling: { strategy: ${strategy} }`)).keyStrategy).toBe(strategy);
  });
});

describe('relay tokens', () => {
  it.each([
    ['{ api_key: old }', ['old']],
    ['{ api_key: old, auth: { api_key: "" } }', ['old']],
    ['{ api_key: old, auth: { api_key: new } }', ['new']],
    ['{ auth: { api_key: a, bearer_secret: b } }', ['a', 'b']],
    ['{ auth: { api_key: a, bearer_secret: a } }', ['a']],
    ['{ auth: { api_key: " a ", bearer_secret: "" } }', ['a']],
  ])('reads server: %s as %j', (server, tokens) => {
    expect(configOf(`server: ${server}`).server.tokens).toEqual(tokens);
  });
});

describe('pass-through', () => {
  const subscription = 'server: { auth: { allow_subscription: true } }\n';

  it.each([
    ['a provider without keys', provider(), 'anthropic'],
    ['a provider with keys', provider('keys: [{key: a}]'), 'never'],
    ['a provider with empty keys', provider('keys: [{key: ""}]'), 'anthropic'],
    ['a provider whose key variable is missing', provider(`keys: [{key: "\${X}"}]`), 'never'],
    ['keys and allow_subscription', subscription + provider('keys: [{key: a}]'), 'anthropic'],
    ['auto, as if it were not written', provider('pass_through: auto'), 'anthropic'],
    ['false', subscription + provider('pass_through: false'), 'never'],
    ['true', provider('pass_through: true', 'keys: [{key: a}]'), 'any'],
    ['true and another host', provider('pass_through: true', 'base_url: https://example.com'), 'any'],
    ['another host', subscription + provider('base_url: https://example.com'), 'never'],
    [
      'a host that only looks like it',
      subscription + provider('base_url: https://api.anthropic.com.example.com'),
      'never',
    ],
    ['another port', subscription + provider('base_url: https://api.anthropic.com:8443'), 'never'],
    ['the host without encryption', subscription + provider('base_url: http://api.anthropic.com'), 'never'],
    ['the host spelled loudly', provider('base_url: https://API.anthropic.com:443/'), 'anthropic'],
  ])('with %s', (_name, text, expected) => {
    expect(upstreamOf(text).passThrough).toBe(expected);
  });

  it('is never automatic for other types', () => {
    const text = `${subscription}providers: [{ name: a, type: zai, base_url: "https://api.anthropic.com" }]`;
    expect(upstreamOf(text).passThrough).toBe('never');
  });
});

describe('keys', () => {
  it('carry an id from the hash of the key, their label, and no spaces around', () => {
    const { keys } = upstreamOf(provider(`keys: [{key: "\${KEY}", label: work}]`), { KEY: 'abc\n' });
    expect(keys).toMatchObject([{ keyId: 'ba7816bf', label: 'work', material: 'abc' }]);
  });

  it('have no limits and the same weight unless they say otherwise', () => {
    const limited = 'rpm_limit: 1, tpm_limit: 2, itpm_limit: 3, otpm_limit: 4, max_concurrent: 5, weight: 6';
    const { keys } = upstreamOf(
      provider('keys:', '  - key: a', '  - { key: b, weight: 0 }', `  - { key: c, ${limited} }`),
    );
    const unlimited = { limits: { rpm: 0, tpm: 0, itpm: 0, otpm: 0 }, maxConcurrent: 0, weight: 1 };
    expect(keys).toMatchObject([
      unlimited,
      unlimited,
      { limits: { rpm: 1, tpm: 2, itpm: 3, otpm: 4 }, maxConcurrent: 5, weight: 6 },
    ]);
  });

  it('rest behind the first one that can serve when pooling is off, with one notice', () => {
    const text = provider(
      'pooling: { enabled: false }',
      `keys: [{key: "\${GONE}"}, {key: a}, {key: a}, {key: b}, {key: c}]`,
    );
    expect(upstreamOf(text).keys.map(({ material }) => material)).toEqual(['a']);
    expect(noticesOf(text)[0]).toBe(
      'providers[0].pooling.enabled: only the first key in service is used: 2 others rest',
    );
  });

  it('rest in the singular, too', () => {
    expect(noticesOf(provider('pooling: { enabled: false }', 'keys: [{key: a}, {key: b}]'))).toEqual([
      'providers[0].pooling.enabled: only the first key in service is used: 1 other rests',
    ]);
  });

  it('say nothing of pooling when there is no key to rest', () => {
    expect(noticesOf(provider('pooling: { enabled: false }', 'keys: [{key: a}]'))).toEqual([]);
    expect(noticesOf(provider('pooling: { enabled: true }', 'keys: [{key: a}, {key: b}]'))).toEqual([]);
  });

  it('are left out with a notice when empty or written twice', () => {
    const text = provider('keys:', '  - key: a', '  - label: none', '  - key: ""', '  - key: a');
    expect(upstreamOf(text).keys.map(({ material }) => material)).toEqual(['a']);
    expect(noticesOf(text)).toEqual([
      'providers[0].keys[1].key: this key is empty and left out',
      'providers[0].keys[2].key: this key is empty and left out',
      'providers[0].keys[3].key: this key is written above already and counts once',
    ]);
  });

  it('are left out when their variable is missing, while others serve', () => {
    const text = provider('keys:', `  - key: \${FIRST}`, `  - key: \${SECOND}`);
    const { keys, outOfService } = upstreamOf(text, { SECOND: 'b' });
    expect(keys.map(({ material }) => material)).toEqual(['b']);
    expect(outOfService).toBeUndefined();
    expect(noticesOf(text, { SECOND: 'b' })).toEqual([
      'providers[0].keys[0].key: this key is left out: FIRST is not set',
    ]);
  });
});

describe('a provider out of service', () => {
  it('names the variable when no key is left', () => {
    expect(upstreamOf(provider(`keys: [{key: "\${ANTHROPIC_API_KEY}"}]`)).outOfService).toBe(
      'ANTHROPIC_API_KEY is not set: export it, then restart the relay',
    );
    expect(upstreamOf(provider(`keys: [{key: "\${A}"}, {key: "\${B}"}, {key: "\${A}"}]`)).outOfService).toBe(
      'A, B are not set: export at least one, then restart the relay',
    );
  });

  it('is announced at its entry, instead of its keys', () => {
    expect(load(provider(`keys: [{key: "\${X}"}]`)).notices).toEqual([
      {
        line: 2,
        column: 5,
        path: 'providers[0]',
        message: '"main" is out of service: X is not set: export it, then restart the relay',
      },
    ]);
  });

  it('stays in service when it passes through', () => {
    const text = `server: { auth: { allow_subscription: true } }\n${provider(`keys: [{key: "\${X}"}]`)}`;
    expect(upstreamOf(text)).toMatchObject({ outOfService: undefined, passThrough: 'anthropic', keys: [] });
    expect(noticesOf(text)).toEqual(['providers[0].keys[0].key: this key is left out: X is not set']);
  });

  it.each([
    [
      `base_url: https://\${HOST}/api`,
      'base_url needs HOST, which is not set: export it, then restart the relay',
    ],
    [`headers: { x-a: "\${A}" }`, 'headers.x-a needs A, which is not set: export it, then restart the relay'],
    [
      `timeouts: { idle_ms: "\${T}" }`,
      'timeouts.idle_ms needs T, which is not set: export it, then restart the relay',
    ],
    [
      `keys: [{key: a, rpm_limit: "\${R}"}]`,
      'keys[0].rpm_limit needs R, which is not set: export it, then restart the relay',
    ],
  ])('names field and variable for %s', (line, reason) => {
    expect(upstreamOf(provider(line)).outOfService).toBe(reason);
  });

  it('leaves the other providers alone', () => {
    const text = `${provider(`base_url: \${X}`)}  - name: other\n    type: anthropic\n    enabled: true\n`;
    expect(
      configOf(text).upstreams.map(({ name, outOfService }) => [name, outOfService === undefined]),
    ).toEqual([
      ['main', false],
      ['other', true],
    ]);
  });

  it('keeps the documented keys of clouds, which are none, out of the pool', () => {
    const keysOf = (type: string, key: string) =>
      upstreamOf(`providers: [{ name: a, type: ${type}, keys: [{ key: ${key} }] }]`).keys.length;
    expect(keysOf('bedrock', 'bedrock-internal')).toBe(0);
    expect(keysOf('bedrock', 'a-bearer-key')).toBe(1);
    expect(keysOf('vertex', 'vertex-internal')).toBe(0);
  });
});

describe('providers other than Anthropic', () => {
  it.each(['zai', 'minimax'])('of type %s need a key, or a header that carries one', (type) => {
    const entry = (rest: string) => upstreamOf(`providers: [{ name: a, type: ${type}${rest} }]`);
    expect(entry('').outOfService).toBe('it has no key: add one under keys');
    expect(entry(', keys: [{key: ""}]').outOfService).toBe('it has no key: add one under keys');
    expect(entry(', keys: [{key: k}]').outOfService).toBeUndefined();
    expect(entry(', headers: { Authorization: Bearer k }').outOfService).toBeUndefined();
    expect(entry(', pass_through: true').outOfService).toBeUndefined();
  });

  it.each([
    ['', 'x-api-key'],
    [', base_url: "https://ollama.com"', 'bearer'],
    [', base_url: "https://api.ollama.com/x"', 'bearer'],
    [', base_url: "https://ollama.com.example.com"', 'x-api-key'],
    [', base_url: "https://ollama.com", auth: x-api-key', 'x-api-key'],
  ])('of type ollama%s need no key and take one as %s', (rest, auth) => {
    expect(upstreamOf(`providers: [{ name: a, type: ollama${rest} }]`)).toMatchObject({
      auth,
      outOfService: undefined,
    });
  });
});

describe('models and model_mapping at the top level', () => {
  const excerpt = 'models: [m]\nmodel_mapping: { claude: m }\n';

  it('apply to providers without their own, with one notice', () => {
    const text = `${excerpt}${provider()}  - { name: b, type: ollama, enabled: true, models: [n], model_mapping: { x: y } }\n`;
    expect(configOf(text).upstreams).toMatchObject([
      { models: ['m'], modelMapping: new Map([['claude', 'm']]) },
      { models: ['n'], modelMapping: new Map([['x', 'y']]) },
    ]);
    expect(noticesOf(text)).toEqual([
      "models: models and model_mapping at the top level belong into a provider's entry: every provider without its own uses them",
    ]);
  });

  it('load without any provider, too', () => {
    expect(noticesOf('model_mapping: { claude: m }')).toEqual([
      'providers: no provider is enabled: every request will be answered with 503',
      "model_mapping: model_mapping at the top level belongs into a provider's entry: there is no provider they could apply to",
    ]);
  });
});

describe('secrets of the key chain', () => {
  const text = provider('keys:', `  - key: \${keychain:work}`, `  - key: \${KEY}`);

  it('are read from what the host fetched', () => {
    const result = readConfig(text, { env: {}, secrets: new Map([['work', 'abc']]) });
    expect(result.ok && result.config.upstreams[0]?.keys).toMatchObject([{ material: 'abc' }]);
  });

  it('put only their provider out of service when they are missing, with the remedy', () => {
    expect(upstreamOf(text).outOfService).toBe(
      'KEY is not set and work is not in the key chain: export it, or run cc-relay keys add work, then restart the relay',
    );
    expect(upstreamOf(provider(`base_url: https://\${keychain:host}`)).outOfService).toBe(
      'base_url needs host, which is not in the key chain: run cc-relay keys add host, then restart the relay',
    );
    expect(noticesOf(text, { KEY: 'k' })).toEqual([
      'providers[0].keys[0].key: this key is left out: work is not in the key chain',
    ]);
  });

  it('that the server needs are a problem', () => {
    expect(readConfig(`server: { api_key: "\${keychain:relay}" }`, { env: {} })).toMatchObject({
      ok: false,
      problems: [{ message: 'the key chain has no relay: run cc-relay keys add relay' }],
    });
  });

  it('are named for the host, each once', () => {
    expect(
      keychainNames(
        `a: "\${keychain:x}\${X}"\nb: ["\${keychain:y}", "$\${keychain:z}", "\${keychain:x}"]`,
        'yaml',
      ),
    ).toEqual(['x', 'y']);
    expect(keychainNames(`a = "\${keychain:x}"`, 'toml')).toEqual(['x']);
    expect(keychainNames('a: [', 'yaml')).toEqual([]);
  });
});

describe('notices', () => {
  it('names an entry that does not say whether it is enabled, at its place', () => {
    expect(load('providers:\n  - name: a\n    type: anthropic\n').notices).toEqual([
      { line: 2, column: 5, path: 'providers[0]', message: '"a" does not say "enabled": it counts as true' },
    ]);
  });

  it('leaves disabled entries out, with nothing said about what they lack', () => {
    const text = `${provider()}  - name: off\n    type: zai\n    enabled: false\n    base_url: \${X}\n`;
    expect(configOf(text).upstreams.map(({ name }) => name)).toEqual(['main']);
    expect(noticesOf(text)).toEqual([]);
  });

  it.each(['', 'providers: []', 'providers:\n', 'providers: [{ name: a, type: zai, enabled: false }]'])(
    'warns that %j answers every request with 503',
    (text) => {
      expect(noticesOf(text)).toEqual([
        'providers: no provider is enabled: every request will be answered with 503',
      ]);
    },
  );

  it.each([
    ['routing: { failover_timeout: 5000 }', 'routing.failover_timeout'],
    ['server: { enable_http2: true }', 'server.enable_http2'],
    ['cache: { mode: disabled }', 'cache'],
    ['grpc: { listen: "127.0.0.1:9090" }', 'grpc'],
    ['metrics: { enabled: true }', 'metrics'],
    ['logging: { debug_options: { log_request_body: true } }', 'logging.debug_options'],
    ['logging: { file: relay.log }', 'logging.file'],
    ['health: { check_interval_seconds: 30 }', 'health.check_interval_seconds'],
    ['health: { recovery_timeout_seconds: 60 }', 'health.recovery_timeout_seconds'],
    [
      'health: { triggers: { rate_limit_errors: 3, timeout_errors: 2, server_errors: 5 } }',
      'health.triggers',
    ],
    ['health: { failover: { primary: a, fallbacks: [b], cooldown_seconds: 5 } }', 'health.failover'],
  ])('says that %s has no effect', (section, path) => {
    const notices = load(`${section}\n${provider()}`).notices;
    expect(notices.map((notice) => notice.path)).toEqual([path]);
  });

  it('takes an empty text as the default where older files write one', () => {
    const text = [
      'routing: { strategy: "", default_provider: "" }',
      'logging: { level: "", format: "", output: "" }',
      provider('base_url: ""', 'pooling: { strategy: "" }'),
    ].join('\n');
    expect(noticesOf(text)).toEqual([]);
    expect(configOf(text)).toMatchObject({
      routing: { strategy: 'failover', defaultProvider: undefined },
      logging: { level: 'info', format: 'auto', output: 'stderr' },
      upstreams: [{ baseUrl: 'https://api.anthropic.com', keyStrategy: 'least_loaded' }],
    });
  });

  it('says nothing about settings that are in force, or that ask for nothing', () => {
    const text = [
      'server: { enable_http2: false, max_concurrent: 5 }',
      'routing: { strategy: shuffle, affinity: session, queue_timeout_ms: 5, model_mapping: {} }',
      'health: { health_check: { enabled: true, interval_ms: 5000 } }',
      provider(
        'weight: 2',
        'max_concurrent: 2',
        'pooling: { enabled: true, strategy: random }',
        'keys: [{key: a, rpm_limit: 2, tpm_limit: 2, itpm_limit: 2, otpm_limit: 2, max_concurrent: 2, weight: 2}]',
      ),
    ].join('\n');
    expect(noticesOf(text)).toEqual([]);
  });
});
