import { describe, expect, it } from 'vitest';
import { configOf, load, noticesOf, provider } from './config-texts.ts';

describe('the strategy', () => {
  it.each([
    'failover',
    'round_robin',
    'weighted_round_robin',
    'shuffle',
    'weighted_failover',
    'least_loaded',
  ])('is %s when the file says so', (strategy) => {
    const text = `routing: { strategy: ${strategy} }\n${provider()}`;
    expect(configOf(text).routing.strategy).toBe(strategy);
    expect(noticesOf(text)).toEqual([]);
  });

  it.each([
    ['round-robin', 'round_robin'],
    ['weighted-round-robin', 'weighted_round_robin'],
    ['least-loaded', 'least_loaded'],
    ['least-busy', 'least_loaded'],
    ['simple-shuffle', 'shuffle'],
    ['weighted-failover', 'weighted_failover'],
  ])('takes the older spelling %s for %s, with a notice at its place', (older, strategy) => {
    const { config, notices } = load(`routing:\n  strategy: ${older}\n${provider()}`);
    expect(config.routing.strategy).toBe(strategy);
    expect(notices).toEqual([
      {
        line: 2,
        column: 13,
        path: 'routing.strategy',
        message: `is an older spelling: it counts as ${strategy}`,
      },
    ]);
  });

  it('takes the older spelling of model_based with all that belongs to it', () => {
    const text = `routing: { strategy: model-based, default_provider: main }\n${provider()}`;
    expect(configOf(text).routing.strategy).toBe('model_based');
    expect(noticesOf(text)).toEqual(['routing.strategy: is an older spelling: it counts as model_based']);
  });

  it.each(['cost-based', 'latency-based'])('falls back to failover for %s and says so', (strategy) => {
    const text = `routing: { strategy: ${strategy} }\n${provider()}`;
    expect(configOf(text).routing.strategy).toBe('failover');
    expect(noticesOf(text)).toEqual([
      'routing.strategy: is not a strategy of this relay: failover is used, highest priority first',
    ]);
  });

  it('may come from a variable', () => {
    expect(configOf(`routing: { strategy: "\${S}" }`, { S: 'least-busy' }).routing.strategy).toBe(
      'least_loaded',
    );
  });
});

describe('routing by model', () => {
  const others = [
    '  - { name: off, type: anthropic, enabled: false }',
    `  - { name: broken, type: anthropic, enabled: true, base_url: "\${X}" }`,
    '',
  ].join('\n');

  it('knows which models go where, and where all others go', () => {
    const routing =
      'routing: { strategy: model_based, model_mapping: { claude: main }, default_provider: main }';
    expect(configOf(`${routing}\n${provider()}`).routing).toMatchObject({
      modelMapping: new Map([['claude', 'main']]),
      defaultProvider: 'main',
    });
    expect(noticesOf(`${routing}\n${provider()}`)).toEqual([]);
  });

  it('says once for each provider that is disabled or out of service', () => {
    const mapping = '{ a: main, b: off, c: off, d: broken }';
    const routing = `routing: { strategy: model_based, model_mapping: ${mapping}, default_provider: broken }`;
    expect(noticesOf(`${routing}\n${provider()}${others}`).slice(0, 2)).toEqual([
      'routing.model_mapping.b: names "off", which is disabled: no request goes there',
      'routing.model_mapping.d: names "broken", which is out of service: no request goes there',
    ]);
    expect(noticesOf(`${routing}\n${provider()}${others}`)).toHaveLength(3);
  });

  it('says it of the default provider too', () => {
    const routing = 'routing: { strategy: model_based, default_provider: off }';
    expect(noticesOf(`${routing}\n${provider()}${others}`)).toContain(
      'routing.default_provider: names "off", which is disabled: no request goes there',
    );
  });

  it.each([
    ['model_mapping: { a: main }', 'model_mapping'],
    ['default_provider: main', 'default_provider'],
    ['model_mapping: { a: off }, default_provider: main', 'model_mapping'],
    ['strategy: shuffle, default_provider: off', 'default_provider'],
  ])('has no effect under another strategy: %s', (settings, key) => {
    const notices = noticesOf(`routing: { ${settings} }\n${provider()}${others}`, { X: 'https://x.test' });
    expect(notices).toEqual([`routing.${key}: has no effect: only strategy model_based routes by model`]);
  });
});
