import { isDeepStrictEqual } from 'node:util';
import { isAlias, parseDocument } from 'yaml';
import { type ConfigPath, formatPath, isMap, valueAt, withoutKeyAt, withValueAt } from './config-path.ts';
import type { ConfigText, ConfigValue, EditResult } from './edit-result.ts';
import { parseConfigText } from './parse-config-text.ts';
import { yamlOptions } from './parse-yaml.ts';
import { deleteInToml, setInToml } from './toml-edits.ts';
import { deleteInYaml, setInYaml } from './yaml-edits.ts';

/** Texts that might be the edited one, and the data that it may say. `source` comes without a byte order mark. */
export type EditPlan = {
  readonly candidates: readonly (() => string | undefined)[];
  readonly intended: readonly unknown[];
  readonly refusal: string;
};

/**
 * Sets one value in a config text (YAML, unless it says otherwise); comments, byte order mark and line ends stay.
 * A `${…}` in the value stays a variable.
 */
export function setConfigValue(
  config: string | ConfigText,
  path: ConfigPath,
  value: ConfigValue,
): EditResult {
  return editConfig(config, path, (source, { data, format }) => ({
    candidates: format === 'toml' ? setInToml(source, path, value) : setInYaml(source, path, value),
    intended: [withValueAt(data, path, value)],
    refusal: `${formatPath(path)} cannot be set without changing other parts of the file`,
  }));
}

/** Takes one value, section or list entry out of a config text, with the comments that belong to it; absent is fine. */
export function deleteConfigValue(config: string | ConfigText, path: ConfigPath): EditResult {
  return editConfig(config, path, (source, { data, format }) => {
    const remove = format === 'toml' ? deleteInToml : deleteInYaml;
    if (valueAt(data, path) === undefined)
      return { candidates: [() => source], intended: [data], refusal: '' };
    const places = withEmptyParents(data, path);
    return {
      candidates: places.flatMap((place) => remove(source, place)),
      intended: places.map((place) => withoutKeyAt(data, place)),
      refusal: `${formatPath(path)} cannot be removed without changing other parts of the file`,
    };
  });
}

/** Applies a plan: the first candidate that says what was intended, read anew from its text. */
export function editConfig(
  config: string | ConfigText,
  path: ConfigPath,
  plan: (source: string, parsed: { data: unknown; format: ConfigText['format'] }) => EditPlan,
): EditResult {
  const { text, format } = typeof config === 'string' ? ({ text: config, format: 'yaml' } as const) : config;
  const source = text.replace(/^\uFEFF/, '');
  const before = parseConfigText(source, format);
  if (!before.ok) {
    const [problem] = before.problems;
    return { ok: false, reason: `line ${problem?.line ?? 1}: ${problem?.message ?? 'not readable'}` };
  }
  const obstacle = findObstacle(before.data, format === 'yaml' ? source : undefined, path);
  if (obstacle !== undefined) return { ok: false, reason: obstacle };

  const { candidates, intended, refusal } = plan(source, { data: before.data, format });
  for (const candidate of candidates) {
    const edited = candidate();
    const after = edited === undefined ? undefined : parseConfigText(edited, format);
    const isIntended = after?.ok === true && intended.some((data) => isDeepStrictEqual(after.data, data));
    if (isIntended) return { ok: true, text: text.slice(0, text.length - source.length) + edited };
  }
  return { ok: false, reason: refusal };
}

/** The path, and each section above that would be left with nothing in it. */
function withEmptyParents(data: unknown, path: ConfigPath): readonly ConfigPath[] {
  const parent = path.slice(0, -1);
  const siblings = valueAt(data, parent);
  const count = isMap(siblings) || Array.isArray(siblings) ? Object.keys(siblings).length : 0;
  if (parent.length === 0 || typeof parent.at(-1) === 'number' || count !== 1) return [path];
  return [path, ...withEmptyParents(data, parent)];
}

/** Why the way to the path is barred: a parent that cannot hold the next segment, or belongs to another place too. */
function findObstacle(data: unknown, yaml: string | undefined, path: ConfigPath): string | undefined {
  const document = yaml === undefined ? undefined : parseDocument(yaml, yamlOptions);
  return path
    .map((segment, depth) => {
      const parent = path.slice(0, depth);
      const name = formatPath(parent) || 'the file';
      if (depth > 0 && isAlias(document?.getIn(parent, true))) return `${name} is an alias of another value`;
      return canHold(valueAt(data, parent), segment) ? undefined : `${name} cannot hold ${segment}`;
    })
    .find((obstacle) => obstacle !== undefined);
}

function canHold(parent: unknown, segment: string | number): boolean {
  if (typeof segment === 'number') return Array.isArray(parent) && parent[segment] !== undefined;
  return parent === undefined || parent === null || isMap(parent);
}
