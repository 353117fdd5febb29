import { z } from 'zod';
import { configFileSchema } from '../contracts/config.ts';
import { type ConfigPath, type Finding, valueAt } from './config-path.ts';
import { suggestion } from './nearest-name.ts';
import { isOlderStrategy } from './older-strategies.ts';
import type { ConfigFormat } from './parsed-text.ts';

type Issue = z.core.$ZodIssue;

/** The file an issue is about. */
type IssueSource = { readonly data: unknown; readonly format: ConfigFormat };

const words = {
  yaml: {
    list: 'must be a list: lines that start with "- "',
    map: 'must be a map: lines of "name: value"',
    emptyName: 'the name before the colon must not be empty',
  },
  toml: {
    list: 'must be a list: [ … ], or sections in double brackets [[…]]',
    map: 'must be a section: lines of name = value',
    emptyName: 'the name before the equals sign must not be empty',
  },
} as const;

/** Says in plain words what a schema issue means; never repeats a value of the file, for it may be a secret. */
export function describeIssue(issue: Issue, { data, format }: IssueSource): readonly Finding[] {
  const path = configPathOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const allowed = allowedKeys(path);
    return issue.keys.map((key) => describeUnknownKey(path, key, allowed));
  }
  const value = valueAt(data, path);
  if (value === undefined && typeof path.at(-1) === 'string') {
    return [{ path, target: 'key', message: `"${path.at(-1)}" is missing` }];
  }
  return [{ path, target: 'value', message: describeValue(issue, value, format) }];
}

/** Where an issue is, without the symbols that zod's type allows. */
export function configPathOf(issue: Issue): ConfigPath {
  return issue.path.filter((segment) => typeof segment !== 'symbol');
}

function describeUnknownKey(path: ConfigPath, key: string, allowed: readonly string[]): Finding {
  // An API key pasted one level off can look like the key of a map.
  if (key.length > 60 || key.includes('sk-')) {
    return { path, target: 'value', message: 'has an unknown key, not shown here: it may be a secret' };
  }
  const hint = suggestion(key, allowed);
  const message = `unknown key "${key}"${hint === '' ? `; allowed here: ${allowed.join(', ')}` : hint}`;
  return { path: [...path, key], target: 'key', message };
}

function describeValue(issue: Issue, value: unknown, format: ConfigFormat): string {
  switch (issue.code) {
    case 'invalid_type':
      return describeType(issue.expected, value, format);
    case 'invalid_value':
      // Older spellings are understood, but nobody should learn them here.
      return describeChoice(
        issue.values.map(String).filter((choice) => !isOlderStrategy(choice)),
        value,
      );
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_key':
      return words[format].emptyName;
    case 'invalid_union':
      return describeChoice(choicesOf(issue.errors), value);
    default:
      return issue.message;
  }
}

function describeType(expected: string, value: unknown, format: ConfigFormat): string {
  switch (expected) {
    case 'string':
      return typeof value === 'object' ? 'must be text' : 'must be text: put it in quotes';
    case 'int':
    case 'number':
      return `must be a whole number${typeof value === 'string' ? ', without quotes' : ''}`;
    case 'boolean':
      return 'must be true or false';
    case 'array':
      return words[format].list;
    default:
      return words[format].map;
  }
}

function describeChoice(choices: readonly string[], value: unknown): string {
  const hint = typeof value === 'string' ? suggestion(value, choices) : '';
  return `must be one of ${choices.join(', ')}${hint}`;
}

function choicesOf(alternatives: readonly (readonly Issue[])[]): readonly string[] {
  return alternatives.flat().flatMap((issue) => {
    if (issue.code === 'invalid_value') return issue.values.map(String);
    return issue.code === 'invalid_type' && issue.expected === 'boolean' ? ['true', 'false'] : [];
  });
}

/** The keys a map at this path may have, as the schema says. */
function allowedKeys(path: ConfigPath): readonly string[] {
  const schema = path.reduce<unknown>(
    (current, segment) => childSchema(unwrap(current), segment),
    configFileSchema,
  );
  const map = unwrap(schema);
  if (!(map instanceof z.ZodObject)) return [];
  // Older names are understood, but nobody should learn them here.
  return Object.keys(map.shape).filter((key) => !isDeprecated(map.shape[key]));
}

function isDeprecated(schema: unknown): boolean {
  return schema instanceof z.ZodType && schema.meta()?.deprecated === true;
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}

function childSchema(schema: unknown, segment: string | number): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[segment];
  return schema instanceof z.ZodArray ? schema.element : undefined;
}
