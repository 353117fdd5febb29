import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../../relay-core/config/load-config.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const block = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

it('the configuration that the README shows loads as it stands, without a problem or a notice', () => {
  const env = { RELAY_TOKEN: 'dummy-relay-token', ANTHROPIC_API_KEY: 'dummy-key-0001' };
  const result = readConfig(block, { env });
  expect(result).toMatchObject({ ok: true, notices: [] });
  expect(result.ok && result.config.upstreams).toMatchObject([
    { name: 'anthropic', outOfService: undefined },
  ]);
});

it('the same without its variables names the one that the server itself needs', () => {
  const result = readConfig(block, { env: {} });
  expect(result).toMatchObject({ ok: false, problems: [{ path: 'server.auth.api_key' }] });
});
