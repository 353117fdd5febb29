import { isMap } from './config-path.ts';
import { keychainNamesIn } from './expand-variables.ts';
import { parseConfigText } from './parse-config-text.ts';
import type { ConfigFormat } from './parsed-text.ts';

/** The names a config text asks the key chain for (`${keychain:NAME}`), each once; none if the text cannot be read. */
export function keychainNames(text: string, format: ConfigFormat): readonly string[] {
  const parsed = parseConfigText(text, format);
  return parsed.ok ? [...new Set(namesIn(parsed.data))] : [];
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return keychainNamesIn(value);
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return isMap(value) ? Object.values(value).flatMap(namesIn) : [];
}
