import { extname } from 'node:path';
import { parseToml } from './parse-toml.ts';
import { parseYaml } from './parse-yaml.ts';
import type { ConfigFormat, ParsedText } from './parsed-text.ts';

/** Larger files are refused unread: nobody's settings are that long. */
export const maxConfigBytes = 8 * 1024 * 1024;
/** Why a file above `maxConfigBytes` is refused. */
export const tooLargeMessage = 'the file is larger than 8 MB: this is no configuration';

const formats: ReadonlyMap<string, ConfigFormat> = new Map([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.toml', 'toml'],
]);

/** The language that a file's extension stands for; undefined = none of ours. */
export function formatOf(path: string): ConfigFormat | undefined {
  return formats.get(extname(path).toLowerCase());
}

/** Reads a text of either language. Never throws on what the text says. */
export function parseConfigText(text: string, format: ConfigFormat): ParsedText {
  if (text.length > maxConfigBytes) {
    return {
      ok: false,
      problems: [{ line: undefined, column: undefined, path: '', message: tooLargeMessage }],
    };
  }
  return format === 'toml' ? parseToml(text) : parseYaml(text);
}
