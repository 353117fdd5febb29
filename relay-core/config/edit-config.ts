import { isDeepStrictEqual } from 'node:util';
import { isAlias, isScalar, parseDocument } from 'yaml';
import { type ConfigPath, formatPath, isMap, valueAt, withValueAt } from './config-path.ts';
import { parseYaml, yamlOptions } from './parse-yaml.ts';
import { spliceValue } from './splice-yaml.ts';
import type { YamlDocument } from './yaml-positions.ts';

/** The edited text, or why the file is better edited by hand. */
export type EditResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

type Scalar = string | number | boolean;

/** Sets one value in a config text; comments, byte order mark and line ends stay. A `${…}` in the value stays a variable. */
export function setConfigValue(text: string, path: ConfigPath, value: Scalar): EditResult {
  const before = parseYaml(text);
  if (!before.ok) {
    const [problem] = before.problems;
    return { ok: false, reason: `line ${problem?.line ?? 1}: ${problem?.message ?? 'not YAML'}` };
  }
  const source = text.replace(/^\uFEFF/, '');
  const byteOrderMark = text.slice(0, text.length - source.length);
  const document = parseDocument(source, yamlOptions);
  const obstacle = findObstacle(before.data, document, path);
  if (obstacle !== undefined) return { ok: false, reason: obstacle };

  const intended = withValueAt(before.data, path, value);
  const candidates = [
    () => spliceValue({ document, source }, path, value),
    () => rewriteWithValue(source, path, value),
  ];
  for (const candidate of candidates) {
    const edited = candidate();
    if (edited !== undefined && says(edited, intended)) return { ok: true, text: byteOrderMark + edited };
  }
  return { ok: false, reason: `${formatPath(path)} cannot be set without changing other parts of the file` };
}

function says(text: string, intended: unknown): boolean {
  const parsed = parseYaml(text);
  return parsed.ok && isDeepStrictEqual(parsed.data, intended);
}

/** Why the way to the path is barred: a parent that cannot hold the next segment, or belongs to another place too. */
function findObstacle(data: unknown, document: YamlDocument, path: ConfigPath): string | undefined {
  return path
    .map((segment, depth) => {
      const parent = path.slice(0, depth);
      const name = formatPath(parent) || 'the file';
      if (depth > 0 && isAlias(document.getIn(parent, true))) return `${name} is an alias of another value`;
      return canHold(valueAt(data, parent), segment) ? undefined : `${name} cannot hold ${segment}`;
    })
    .find((obstacle) => obstacle !== undefined);
}

function canHold(parent: unknown, segment: string | number): boolean {
  if (typeof segment === 'number') return Array.isArray(parent) && parent[segment] !== undefined;
  return parent === undefined || parent === null || isMap(parent);
}

/** For what cannot be spliced, such as a new key between braces: the whole text is written anew, comments included. */
function rewriteWithValue(source: string, path: ConfigPath, value: Scalar): string {
  const document = parseDocument(source.replaceAll('\r\n', '\n'), yamlOptions);
  // `setIn` makes absent parents but stumbles over empty ones, the whole text included.
  if (isScalar(document.contents)) document.contents = null;
  const empty = path
    .map((_segment, depth) => path.slice(0, depth))
    .find((parent) => parent.length > 0 && document.getIn(parent) === null);
  if (empty !== undefined) document.deleteIn(empty);
  document.setIn(path, value);
  const written = document.toString({ lineWidth: 0 });
  return source.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written;
}
