import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configJsonSchema } from '../../../relay-core/config/config-json-schema.ts';

it('config.schema.json is current: write it anew with `node relay-core/cli/cc-relay.js config schema > config.schema.json`', () => {
  const published = readFileSync(new URL('../../../config.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual(configJsonSchema());
});

it('the schema lets a variable stand for a number, and knows every strategy and type', () => {
  const schema = JSON.stringify(configJsonSchema());
  expect(schema).toContain('"rpm_limit":{"anyOf":[{"type":"integer","minimum":0,');
  expect(schema).toContain('"minimax"');
  expect(schema).toContain('"least_loaded"');
  expect(schema).toContain('"additionalProperties":false');
});
