import TOML from '@iarna/toml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import type { ConfigFormat } from '../../../relay-core/config/parsed-text.ts';

/** Nearly always a value that is accepted, so that whole files often are. */
function mostly<T, U>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<U>) {
  return fc.oneof({ arbitrary: good, weight: 60 }, { arbitrary: bad, weight: 1 });
}

function optional<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(fields, { requiredKeys: [] });
}

const name = fc.constantFrom('main', 'other', 'third one', 'vierter "Anbieter"');
const word = fc.constantFrom(
  'claude-*',
  'claude-opus-4.1',
  'GLM-4.7',
  'qwen3:8b',
  '__proto__',
  '5',
  'true',
  ' # x: "y" ',
  'a\nb',
);
const model = mostly(
  fc.oneof(
    word,
    fc.string({ minLength: 1 }).filter((text) => !text.includes('$')),
  ),
  fc.string(),
);
const count = mostly(fc.nat(), fc.constantFrom<unknown>(-1, 1.5, 2 ** 60, '5', true));
const variable = fc.constantFrom(`\${SET}`, `\${UNSET:-x}`, `\${keychain:A}`, `\${keychain:B:-y}`, '$$');
const material = mostly(
  fc.oneof(variable, fc.constantFrom('', 'abc', '5', ' x ', `\${UNSET}`, `\${keychain:C}`)),
  fc.string(),
);

const key = optional({
  key: material,
  label: model,
  rpm_limit: fc.oneof(count, fc.constant(`\${NUMBER}`)),
  tpm_limit: count,
  priority: fc.integer(),
  weight: count,
});
const misplaced = fc.tuple(key, fc.array(model)).map(([own, models]) => ({ ...own, models }));
const provider = fc
  .tuple(
    fc.record({ name, type: mostly(fc.constantFrom('anthropic', 'zai', 'ollama', 'bedrock'), fc.string()) }),
    optional({
      enabled: fc.boolean(),
      base_url: fc.constantFrom(
        'https://example.com/x/',
        'http://localhost:1',
        `https://\${SET}`,
        `\${UNSET}`,
        '',
      ),
      auth: mostly(fc.constantFrom('bearer', 'x-api-key'), fc.constant('bear')),
      headers: fc.dictionary(fc.constantFrom('x-a', 'X-B', 'Authorization'), variable),
      pass_through: mostly(fc.constantFrom(true, false, 'auto'), fc.constant('maybe')),
      priority: fc.integer(),
      timeouts: optional({
        idle_ms: fc.integer({ min: 1 }),
        connect_ms: mostly(fc.constant(1), fc.constant(0)),
      }),
      keys: fc.array(mostly(key, misplaced), { maxLength: 3 }),
      models: fc.array(model),
      model_mapping: fc.dictionary(word, mostly(model, fc.array(model))),
      pooling: optional({ enabled: fc.boolean(), strategy: fc.constantFrom('random', 'weighted', '') }),
    }),
  )
  .map(([own, rest]) => ({ ...own, ...rest }));
const file = optional({
  server: optional({
    listen: mostly(fc.constantFrom('127.0.0.1:1', '[::1]:9'), fc.constantFrom(':1', 'x')),
    api_key: fc.constantFrom('token', `\${SET}`, ''),
    auth: optional({ api_key: variable, allow_bearer: mostly(fc.constant(false), fc.constant(true)) }),
    timeout_ms: mostly(fc.constantFrom<unknown>(0, 5, `\${NUMBER}`), count),
  }),
  routing: optional({
    strategy: mostly(fc.constantFrom('shuffle', 'round-robin', 'cost-based', ''), fc.constant('nonsense')),
    model_mapping: mostly(fc.constant({}), fc.dictionary(model, name)),
    debug: fc.boolean(),
  }),
  providers: mostly(
    fc.uniqueArray(provider, { maxLength: 3, selector: (entry) => entry.name }),
    fc.array(provider),
  ),
  logging: optional({ level: fc.constantFrom('debug', ''), file: model }),
  health: optional({
    triggers: optional({ server_errors: fc.nat() }),
    circuit_breaker: optional({ failure_threshold: count }),
    check_interval_seconds: fc.nat(),
  }),
  models: fc.array(model),
  model_mapping: fc.dictionary(word, model),
  cache: fc.dictionary(word, fc.oneof(fc.boolean(), model, fc.constant(-0.5))),
}).chain((settings) =>
  mostly(
    fc.constant(settings),
    fc.nat().map((unknwon) => ({ ...settings, unknwon })),
  ),
);

/** Everything but the places, in an order that does not depend on them. */
function outcomeOf(written: string, format: ConfigFormat) {
  const env = { SET: 'value', NUMBER: '7' };
  const result = readConfig(written, { env, secrets: new Map([['A', 'secret']]), format });
  const findings = result.ok ? result.notices : result.problems;
  return {
    config: result.ok ? result.config : undefined,
    findings: findings
      .map(({ path, message }) => `${path}: ${message.replace(/ before the (colon|equals sign)/, '')}`)
      .toSorted(),
    areFound: findings.every(({ line, column }) => (line ?? 0) > 0 && (column ?? 0) > 0),
  };
}

describe('YAML and TOML', () => {
  it('mean the same, whatever the settings are', () => {
    let valid = 0;
    fc.assert(
      fc.property(file, (data) => {
        const yaml = outcomeOf(stringify(data, { lineWidth: 0 }), 'yaml');
        const toml = outcomeOf(TOML.stringify(JSON.parse(JSON.stringify(data))), 'toml');
        expect(toml).toEqual(yaml);
        expect(yaml.areFound).toBe(true);
        if (yaml.config !== undefined) valid += 1;
      }),
      { numRuns: 500 },
    );
    // Otherwise the property would speak of refused files only.
    expect(valid).toBeGreaterThan(100);
  });
});
