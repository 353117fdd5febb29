import { readFile, stat } from 'node:fs/promises';
import type { Environment } from '../ports.ts';
import type { ConfigProblem, ConfigResult } from './config.ts';
import { type Finding, formatPath } from './config-path.ts';
import { expandVariables, type VariableSources } from './expand-variables.ts';
import { moveMisplacedModels } from './misplaced-models.ts';
import { formatOf, maxConfigBytes, parseConfigText, tooLargeMessage } from './parse-config-text.ts';
import type { ConfigFormat, Locate } from './parsed-text.ts';
import { resolveConfig } from './resolve.ts';
import { validateConfig } from './validate.ts';

/** How a text is to be read. `format` is YAML unless it says otherwise; `secrets` answer `${keychain:NAME}`. */
export type ReadOptions = VariableSources & { readonly format?: ConfigFormat | undefined };

const maxProblems = 100;

/** Reads a config text: settings and notices, or every problem at once; both in the order of the file. */
export function readConfig(text: string, { env, secrets, format = 'yaml' }: ReadOptions): ConfigResult {
  const parsed = parseConfigText(text, format);
  if (!parsed.ok) return parsed;
  const { data, notices: moveNotices, writtenAt } = moveMisplacedModels(parsed.data);
  const locate: Locate = (path, target) => parsed.locate(writtenAt(path), target);
  const expanded = expandVariables(data, { env, secrets });
  const validated = validateConfig(expanded, format);
  if (!validated.ok) return { ok: false, problems: placeFindings(validated.findings, locate) };
  const { config, notices } = resolveConfig(validated.file, expanded.missing);
  return { ok: true, config, notices: placeFindings([...moveNotices, ...notices], locate) };
}

/** Reads a config file; one that cannot be read is a problem, not an exception. */
export async function loadConfigFile(
  path: string,
  env: Environment,
  secrets?: ReadonlyMap<string, string>,
): Promise<ConfigResult> {
  const format = formatOf(path);
  if (format === undefined) return refuseFile("the file's name must end in .yaml, .yml or .toml");
  let bytes: Uint8Array;
  try {
    if ((await stat(path)).size > maxConfigBytes) return refuseFile(tooLargeMessage);
    bytes = await readFile(path);
  } catch (error) {
    return refuseFile(describeReadFailure(error));
  }
  const text = decodeUtf8(bytes);
  return text === undefined
    ? refuseFile('the file is not UTF-8 text: save it as UTF-8')
    : readConfig(text, { env, secrets, format });
}

function placeFindings(findings: readonly Finding[], locate: Locate): readonly ConfigProblem[] {
  const placed = findings.map(({ path, target, message }) => ({
    ...locate(path, target),
    path: formatPath(path),
    message,
  }));
  const inOrder = placed.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return inOrder.length <= maxProblems ? inOrder : [...inOrder.slice(0, maxProblems), moreOf(inOrder)];
}

function moreOf(problems: readonly ConfigProblem[]): ConfigProblem {
  const message = `${problems.length - maxProblems} more like these`;
  return { line: undefined, column: undefined, path: '', message };
}

function refuseFile(message: string): ConfigResult {
  return { ok: false, problems: [{ line: undefined, column: undefined, path: '', message }] };
}

function describeReadFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'this is a folder, not a file';
    case 'EACCES':
      return 'the file may not be read by this user';
    default:
      return `the file cannot be read (${code})`;
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder throws for one reason only: bytes that are not UTF-8.
    return undefined;
  }
}
