import { insertProperty, rawValue, removeProperty, replaceValue } from './edit-json.ts';
import { findJsonProblem, type JsonProblem, type JsonProperty, problemAt, readObject } from './json-text.ts';
import { type ManagedKey, managedKeys } from './managed-keys.ts';

/** The value of a variable: its JSON text, and the value itself if it is a string. */
export type EnvValue = { readonly raw: string; readonly text: string | undefined };

const envPath = ['env'];

/** What a missing or blank settings file counts as. */
const startOf = (text: string): string => (isBlank(text) ? '{}\n' : text);

/** Whether a settings text holds nothing but white space. */
export const isBlank = (text: string): boolean => text.replace(/^\uFEFF/, '').trim() === '';

function findRepetition(text: string, properties: readonly JsonProperty[]): JsonProblem | undefined {
  const seen = new Set<string>();
  for (const { key, start } of properties) {
    // With a name given twice, readers disagree on which value counts.
    if (seen.has(key)) return problemAt(text, start, `${key} is defined twice; delete one of the two`);
    seen.add(key);
  }
  return undefined;
}

const isManaged = ({ key }: JsonProperty): boolean => managedKeys.some((managed) => managed === key);

/** Why a settings text cannot be edited safely; undefined = it can. A blank text can. */
export function findSettingsProblem(text: string): JsonProblem | undefined {
  if (isBlank(text)) return undefined;
  const problem = findJsonProblem(text);
  if (problem !== undefined) return problem;
  const root = readObject(text, []);
  if (root === undefined)
    return problemAt(text, text.search(/[^\s\uFEFF]/), 'settings must be an object: { … }');
  const env = root.properties.filter(({ key }) => key === 'env');
  const object = readObject(text, envPath);
  const [first] = env;
  if (first !== undefined && object === undefined) {
    return problemAt(text, first.valueStart, '"env" must be an object: { … }');
  }
  return findRepetition(text, env) ?? findRepetition(text, (object?.properties ?? []).filter(isManaged));
}

/** The variables in `env`, by name. */
export function readEnv(text: string): ReadonlyMap<string, EnvValue> {
  const properties = readObject(text, envPath)?.properties ?? [];
  return new Map(
    properties.map((property) => {
      const value = typeof property.value === 'string' ? property.value : undefined;
      return [property.key, { raw: rawValue(text, property), text: value }];
    }),
  );
}

/** Whether the settings have an object `env`. */
export const hasEnv = (text: string): boolean => readObject(text, envPath) !== undefined;

/** Whether the settings name a program that hands out API keys. */
export const hasKeyHelper = (text: string): boolean =>
  readObject(text, [])?.properties.some(({ key, value }) => key === 'apiKeyHelper' && value !== '') ?? false;

/** Sets a variable in place, or at the end of `env`, which is made if it is missing. */
export function setVariable(text: string, key: ManagedKey, value: string): string {
  const raw = JSON.stringify(value);
  if (readEnv(text).has(key)) return replaceValue(text, envPath, { key, raw });
  const started = startOf(text);
  const withEnv = hasEnv(started) ? started : insertProperty(started, [], { key: 'env', raw: '{}' });
  return insertProperty(withEnv, envPath, { key, raw });
}

/** Removes a variable with the comma it needs. */
export const removeVariable = (text: string, key: ManagedKey): string =>
  removeProperty(text, envPath, { key });
