import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import type { Environment } from '../../../relay-core/ports.ts';

function problemsOf(text: string, env: Environment = {}) {
  const result = readConfig(text, { env });
  return result.ok ? [] : result.problems;
}

function messagesOf(text: string, env: Environment = {}): readonly string[] {
  return problemsOf(text, env).map(({ path, message }) => `${path}: ${message}`);
}

function provider(...lines: readonly string[]): string {
  return ['providers:', '  - name: main', '    type: anthropic', ...lines.map((line) => `    ${line}`)].join(
    '\n',
  );
}

describe('problems of shape', () => {
  it('names the nearest key for a typo, with its line and column', () => {
    expect(problemsOf(provider('enabled: true', 'base_ulr: https://example.com'))).toEqual([
      {
        line: 5,
        column: 5,
        path: 'providers[0].base_ulr',
        message: 'unknown key "base_ulr"; did you mean "base_url"?',
      },
    ]);
  });

  it('lists the allowed keys when none is near', () => {
    expect(messagesOf('routing:\n  nonsense: 1\n')).toEqual([
      expect.stringMatching(/^routing\.nonsense: unknown key "nonsense"; allowed here: strategy, affinity, /),
    ]);
    expect(messagesOf('nonsense: 1\n')).toEqual([
      'nonsense: unknown key "nonsense"; allowed here: server, routing, providers, logging, health, cache, grpc, metrics',
    ]);
  });

  it('reports everything at once, in the order of the file', () => {
    const text = [
      'server:',
      '  listen: nowhere',
      '  timeout_ms: "5"',
      'routing:',
      '  strategy: round_robbin',
      '  default_provider: mian',
      'providers:',
      '  - name: main',
      '    type: antropic',
      '    base_url: https://example.com/v1',
      '    priority: 1.5',
      '    colour: red',
      '  - name: main',
      '    keys: sk-ant-api',
    ].join('\n');
    expect(problemsOf(text).map(({ line, column, path, message }) => [line, column, path, message])).toEqual([
      [2, 11, 'server.listen', 'must be host:port, such as 127.0.0.1:8787'],
      [3, 15, 'server.timeout_ms', 'must be a whole number, without quotes'],
      [
        5,
        13,
        'routing.strategy',
        'must be one of failover, round_robin, weighted_round_robin, shuffle, weighted_failover, least_loaded, model_based; did you mean "round_robin"?',
      ],
      [6, 21, 'routing.default_provider', 'names no provider; did you mean "main"?'],
      [
        9,
        11,
        'providers[0].type',
        'must be one of anthropic, zai, minimax, ollama, bedrock, azure, vertex; did you mean "anthropic"?',
      ],
      [10, 15, 'providers[0].base_url', 'leave /v1 out: the relay adds it'],
      [11, 15, 'providers[0].priority', 'must be a whole number'],
      [12, 5, 'providers[0].colour', expect.stringContaining('unknown key "colour"')],
      [13, 5, 'providers[1].type', '"type" is missing'],
      [13, 11, 'providers[1].name', 'the name "main" is taken by providers[0]: names must be unique'],
      [14, 11, 'providers[1].keys', 'must be a list: lines that start with "- "'],
    ]);
  });

  it.each([
    ['server: 5', 'server: must be a map: lines of "name: value"'],
    ['- server', ': must be a map: lines of "name: value"'],
    ['providers: {}', 'providers: must be a list: lines that start with "- "'],
    ['providers:\n  -', 'providers[0]: must be a map: lines of "name: value"'],
    ['server:\n  api_key: 5', 'server.api_key: must be text: put it in quotes'],
    ['server:\n  max_concurrent: -1', 'server.max_concurrent: must be at least 0'],
    ['server:\n  timeout_ms: 86400001', 'server.timeout_ms: must be at most 86400000'],
    ['server:\n  listen: ""', 'server.listen: must not be empty'],
    ['routing:\n  debug: "yes"', 'routing.debug: must be true or false'],
    [provider('pass_through: maybe'), 'providers[0].pass_through: must be one of auto, true, false'],
    [provider('models: [5]'), 'providers[0].models[0]: must be text: put it in quotes'],
    [
      provider('model_mapping: {"": x}'),
      'providers[0].model_mapping[""]: the name before the colon must not be empty',
    ],
    [provider('model_mapping: {a: }'), 'providers[0].model_mapping.a: "a" is missing'],
    ['__proto__: {x: 1}', expect.stringContaining('unknown key "__proto__"')],
  ])('says of %j: %s', (text, message) => {
    expect(messagesOf(text)).toEqual([message]);
  });

  it('takes a key with nothing after it as not written', () => {
    expect(messagesOf('server:\n  auth:\nrouting:\nproviders:\n')).toEqual([]);
  });

  it('reads variables as numbers and booleans where the setting wants them', () => {
    const text = [
      'server:',
      `  max_body_bytes: \${N}`,
      '  auth:',
      `    allow_subscription: \${YES}`,
      'providers:',
      '  - name: main',
      '    type: anthropic',
      `    pass_through: \${YES}`,
      '    keys:',
      `      - key: \${N}`,
    ].join('\n');
    const result = readConfig(text, { env: { N: '1024', YES: 'true' } });
    expect(result).toMatchObject({
      ok: true,
      config: {
        server: { maxBodyBytes: 1024, allowSubscription: true },
        upstreams: [{ passThrough: 'any', keys: [{ material: '1024' }] }],
      },
    });
    expect(messagesOf(text, { N: 'many', YES: 'maybe' })).toEqual([
      'server.max_body_bytes: must be a whole number, without quotes',
      'server.auth.allow_subscription: must be true or false',
      'providers[0].pass_through: must be one of auto, true, false',
    ]);
  });

  it('never shows the value of a secret', () => {
    const secret = 'sk-ant-oat01-verysecret';
    const text = [
      'server:',
      `  api_key: ["${secret}"]`,
      `  auth: { bearer_secret: {a: ${secret}}, api_key: "${secret}\\u0007", allow_bearer: ${secret} }`,
      'providers:',
      '  - name: main',
      '    type: anthropic',
      `    headers: { authorization: "Bearer ${secret}" }`,
      `    ${secret}: x`,
      '    keys:',
      `      - ${secret}`,
      `      - key: ${secret}`,
      `      - key: "${secret}\\u00e9"`,
      `        priority: ${secret}`,
    ].join('\n');
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(problems)).not.toContain('verysecret');
  });
});

describe('rules of the server', () => {
  it.each(['0.0.0.0:8787', ':8787', '[::]:8787', '192.168.1.5:1', 'my-host:1'])(
    'refuses to listen on %s without a token, and says the remedy',
    (listen) => {
      const text = `server:\n  listen: "${listen}"\n  auth: { api_key: "", bearer_secret: "\${EMPTY}" }\n`;
      expect(messagesOf(text, { EMPTY: '' })).toEqual([
        'server.listen: other computers could reach this address and spend your keys: set server.auth.api_key, or listen on 127.0.0.1',
      ]);
    },
  );

  it.each([
    'api_key: t',
    'auth: { api_key: t }',
    'auth: { bearer_secret: t }',
    `auth: { api_key: "\${TOKEN}" }`,
  ])('lets it listen everywhere with %s', (line) => {
    expect(messagesOf(`server:\n  listen: :8787\n  ${line}\n`, { TOKEN: 't' })).toEqual([]);
  });

  it('refuses allow_bearer without a secret', () => {
    for (const rest of ['', ', bearer_secret: ""']) {
      expect(messagesOf(`server:\n  auth: { allow_bearer: true${rest} }\n`)).toEqual([
        'server.auth.allow_bearer: would accept any token: set bearer_secret, or use allow_subscription to pass Claude Code logins through',
      ]);
    }
    expect(messagesOf('server:\n  auth: { allow_bearer: true, bearer_secret: x }\n')).toEqual([]);
  });

  it('refuses the public placeholder as a token', () => {
    const text =
      'server:\n  api_key: managed-by-cc-relay\n  auth: { bearer_secret: " managed-by-cc-relay" }\n';
    expect(messagesOf(text)).toEqual([
      'server.api_key: is the public placeholder, which everybody knows: choose a secret',
      'server.auth.bearer_secret: is the public placeholder, which everybody knows: choose a secret',
    ]);
  });

  it('refuses a missing variable outside providers, once, whatever else the setting needs', () => {
    const text = `server:\n  listen: \${ADDRESS}\n  timeout_ms: \${WAIT}\n  auth: { api_key: "\${TOKEN}" }\n`;
    expect(messagesOf(text)).toEqual([
      `server.listen: the variable ADDRESS is not set: export it, or write a default as in \${ADDRESS:-value}`,
      `server.timeout_ms: the variable WAIT is not set: export it, or write a default as in \${WAIT:-value}`,
      `server.auth.api_key: the variable TOKEN is not set: export it, or write a default as in \${TOKEN:-value}`,
    ]);
  });

  it('reports a malformed variable, once', () => {
    expect(messagesOf('server:\n  listen: "${"\n')).toEqual([
      `server.listen: "\${" has no closing "}"; for a literal "$" write "$$"`,
    ]);
  });
});

describe('rules of providers', () => {
  it.each([
    ['ftp://example.com', 'must be an http:// or https:// URL'],
    ['example.com', 'must be an http:// or https:// URL'],
    ['https:example.com', 'must be an http:// or https:// URL'],
    ['https://exam ple.com', 'must be an http:// or https:// URL'],
    ['https://user:hunter2@example.com', 'must not contain a user or password: use keys'],
    ['https://example.com/?a=b', 'must not contain "?" or "#": request paths are appended to it'],
    ['https://example.com/#', 'must not contain "?" or "#": request paths are appended to it'],
    ['https://example.com/v1', 'leave /v1 out: the relay adds it'],
    ['https://example.com/api/v1/', 'leave /v1 out: the relay adds it'],
    ['https://example.com/v1/messages', 'leave /v1/messages out: the relay adds it'],
  ])('refuses base_url %s', (url, message) => {
    expect(messagesOf(provider(`base_url: "${url}"`))).toEqual([`providers[0].base_url: ${message}`]);
  });

  it.each([
    'https://example.com',
    'http://localhost:11434/',
    'https://example.com/api/anthropic',
    'https://x/v11',
  ])('takes base_url %s', (url) => {
    expect(messagesOf(provider(`base_url: ${url}`))).toEqual([]);
  });

  it.each(['http://p:3128', 'https://user:pass@p', 'socks5://p:1080', 'socks5h://p:1080', 'socks://p:1080'])(
    'takes proxy_url %s',
    (url) => {
      expect(messagesOf(provider(`proxy_url: ${url}`))).toEqual([]);
    },
  );

  it.each(['ftp://p', 'p:3128', 'socks5:', 'nonsense'])('refuses proxy_url %s', (url) => {
    expect(messagesOf(provider(`proxy_url: "${url}"`))).toEqual([
      'providers[0].proxy_url: must be an http://, https://, socks5:// or socks:// URL',
    ]);
  });

  it('refuses a subscription token as a key or in a header, with the reason', () => {
    const message = /is a subscription token, which belongs to Claude Code's own login: remove it/;
    expect(messagesOf(provider(`keys: [{key: "\${TOKEN}"}]`), { TOKEN: ' sk-ant-oat01-x' })).toEqual([
      expect.stringMatching(message),
    ]);
    expect(messagesOf(provider('headers: { Authorization: Bearer sk-ant-oat01-x }'))).toEqual([
      expect.stringMatching(message),
    ]);
    expect(messagesOf(provider('keys: [{key: sk-ant-api03-x}]'))).toEqual([]);
  });

  it('refuses header names that are not one, or that belong to the connection', () => {
    const text = provider(
      'headers:',
      '  "bad name": x',
      '  Host: x',
      '  content-Length: "1"',
      '  x-fine: y',
      '  TE: x',
    );
    expect(problemsOf(text).map(({ line, column, message }) => [line, column, message])).toEqual([
      [5, 7, 'is not a valid HTTP header name'],
      [6, 7, 'cannot be set: this header belongs to the connection'],
      [7, 7, 'cannot be set: this header belongs to the connection'],
      [9, 7, 'cannot be set: this header belongs to the connection'],
    ]);
  });

  it('refuses header values that no header can carry', () => {
    const text = provider('headers: { a: "x\\ny", b: "caf\\u00e9", c: "\\u2713" }');
    expect(messagesOf(text)).toEqual([
      'providers[0].headers.a: contains a character that no HTTP header can carry',
      'providers[0].headers.c: contains a character that no HTTP header can carry',
    ]);
  });

  it('leaves a variable missing inside a provider to that provider, but not its name or type', () => {
    expect(
      messagesOf(provider(`base_url: \${X}`, `priority: \${X}`, `auth: \${X}`, `models: ["\${X}"]`)),
    ).toEqual([]);
    expect(messagesOf(`providers:\n  - name: \${NAME}\n    type: \${TYPE}\n`)).toEqual([
      expect.stringContaining('providers[0].name: the variable NAME is not set'),
      expect.stringContaining('providers[0].type: the variable TYPE is not set'),
    ]);
  });

  it('still refuses a missing variable where no text belongs', () => {
    expect(messagesOf(provider(`keys: ["\${X}"]`))).toEqual([
      'providers[0].keys[0]: must be a map: lines of "name: value"',
    ]);
    expect(messagesOf(`providers:\n  - \${X}\n`)).toEqual([
      expect.stringContaining('providers[0]: the variable X is not set'),
    ]);
  });
});

describe('rules of routing', () => {
  it('wants default_provider and mapping targets to name a provider', () => {
    const routing =
      'routing:\n  default_provider: other\n  model_mapping: { claude-opus-4.1: mani, x: main }\n';
    expect(messagesOf(routing + provider())).toEqual([
      'routing.default_provider: names no provider; there are: main',
      'routing.model_mapping["claude-opus-4.1"]: names no provider; did you mean "main"?',
    ]);
  });

  it('takes a routing section alone, as the documentation prints it', () => {
    expect(messagesOf('routing:\n  default_provider: other\n')).toEqual([]);
  });

  it.each([
    ['Failover', 'failover'],
    ['Round-Robin', 'round_robin'],
    ['round_robbin', 'round_robin'],
    ['least-loadad', 'least_loaded'],
    ['weighted failover', 'weighted_failover'],
  ])('refuses strategy %s with the nearest name in use: %s', (strategy, nearest) => {
    expect(messagesOf(`routing:\n  strategy: ${strategy}\n`)).toEqual([
      `routing.strategy: must be one of failover, round_robin, weighted_round_robin, shuffle, weighted_failover, least_loaded, model_based; did you mean "${nearest}"?`,
    ]);
  });

  it.each(['model_based', 'model-based'])('wants a mapping or a default provider for %s', (strategy) => {
    const routing = `routing:\n  strategy: ${strategy}\n`;
    const message =
      "routing.strategy: model_based needs to know where models go: write routing.model_mapping (the beginning of a model's name: a provider) or routing.default_provider";
    expect(messagesOf(routing + provider())).toEqual([message]);
    expect(messagesOf(`${routing}  model_mapping: {}\n${provider()}`)).toEqual([message]);
    expect(messagesOf(`${routing}  model_mapping: { claude: main }\n${provider()}`)).toEqual([]);
    expect(messagesOf(`${routing}  default_provider: main\n${provider()}`)).toEqual([]);
  });

  it('wants no mapping for any other strategy', () => {
    expect(messagesOf(`routing:\n  strategy: shuffle\n${provider()}`)).toEqual([]);
  });
});
