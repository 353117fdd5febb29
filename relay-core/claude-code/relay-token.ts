import { valueAt } from '../config/config-path.ts';
import { defaultConfigText } from '../config/default-config.ts';
import { setConfigValue } from '../config/edit-config.ts';
import { readConfig } from '../config/load-config.ts';
import { formatOf, parseConfigText } from '../config/parse-config-text.ts';
import type { ConfigFormat } from '../config/parsed-text.ts';
import type { Environment, Random } from '../ports.ts';
import type { Refused } from './file-failure.ts';
import { type GuardedFile, readGuarded } from './guarded-file.ts';
import { deleteGuarded, replaceGuarded, type WriteResult } from './replace-file.ts';

/** A new relay token and the config text that will hold it. */
export type TokenPlan = {
  readonly ok: true;
  readonly token: string;
  readonly file: GuardedFile;
  readonly text: string;
};

const tokenBytes = 32;
const tokenPath = ['server', 'auth', 'api_key'];

/** Makes a relay token: `ccr_` and 43 characters that fit into any header. */
function createToken(random: Random): string {
  return `ccr_${Buffer.from(random.bytes(tokenBytes)).toString('base64url')}`;
}

/** Whether something is written where the token belongs, such as a variable with an empty default. */
function hasValue(text: string, format: ConfigFormat): boolean {
  const parsed = parseConfigText(text, format);
  return parsed.ok && Boolean(valueAt(parsed.data, tokenPath));
}

/** Computes the config with a new relay token, from the default config if there is none. Writes nothing. */
export async function planToken(
  configPath: string,
  { env, random }: { readonly env: Environment; readonly random: Random },
): Promise<TokenPlan | Refused> {
  const read = await readGuarded(configPath);
  if (!read.ok) return read;
  const text = read.file.text ?? defaultConfigText;
  const format = formatOf(configPath) ?? 'yaml';
  const advice = 'Set server.auth.api_key in it by hand, then run again.';
  if (hasValue(text, format))
    return { ok: false, message: `server.auth.api_key in ${configPath} is empty now. ${advice}` };
  const token = createToken(random);
  const edited = setConfigValue({ text, format }, tokenPath, token);
  if (!edited.ok) return { ok: false, message: `${configPath}: ${edited.reason}. ${advice}` };
  const checked = readConfig(edited.text, { env, format });
  const isInForce = checked.ok && checked.config.server.tokens.includes(token);
  if (!isInForce) return { ok: false, message: `${configPath} cannot take a relay token. ${advice}` };
  return { ok: true, token, file: read.file, text: edited.text };
}

/** Writes the config with the new token. */
export function writeToken({ file, text }: TokenPlan): Promise<WriteResult> {
  return replaceGuarded(file, text);
}

/** Puts the config back as it was before `writeToken`, if nobody changed it since. */
export async function undoToken({ file, text }: TokenPlan): Promise<WriteResult> {
  const read = await readGuarded(file.path);
  if (!read.ok) return read;
  if (read.file.text !== text) {
    return {
      ok: false,
      message: `${file.path} was changed meanwhile and keeps its new server.auth.api_key.`,
    };
  }
  return file.text === undefined ? deleteGuarded(read.file) : replaceGuarded(read.file, file.text);
}
