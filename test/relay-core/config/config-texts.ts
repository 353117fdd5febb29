import type { Config } from '../../../relay-core/config/config.ts';
import { readConfig } from '../../../relay-core/config/load-config.ts';
import type { Environment } from '../../../relay-core/ports.ts';

/** The settings and notices of a text that should be valid. */
export function load(text: string, env: Environment = {}) {
  const result = readConfig(text, { env });
  if (!result.ok) throw new Error(`the test text should be valid: ${JSON.stringify(result.problems)}`);
  return result;
}

/** The settings of a text that should be valid. */
export function configOf(text: string, env: Environment = {}): Config {
  return load(text, env).config;
}

/** A text with one enabled provider called `main` and these lines in its entry. */
export function provider(...lines: readonly string[]): string {
  const head = ['providers:', '  - name: main', '    type: anthropic', '    enabled: true'];
  return [...head, ...lines.map((line) => `    ${line}`), ''].join('\n');
}

/** The first provider of a text that should be valid. */
export function upstreamOf(text: string, env: Environment = {}) {
  const [upstream] = configOf(text, env).upstreams;
  if (upstream === undefined) throw new Error('the test text should enable a provider');
  return upstream;
}

/** The notices of a text that should be valid, as `path: message`. */
export function noticesOf(text: string, env: Environment = {}): readonly string[] {
  return load(text, env).notices.map(({ path, message }) => `${path}: ${message}`);
}
