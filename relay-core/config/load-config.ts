import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Environment } from '../ports.ts';
import type { ConfigProblem, ConfigResult } from './config.ts';
import { type Finding, formatPath } from './config-path.ts';
import { expandVariables } from './expand-variables.ts';
import { parseYaml } from './parse-yaml.ts';
import { resolveConfig } from './resolve.ts';
import { validateConfig } from './validate.ts';
import type { Locate } from './yaml-positions.ts';

const supportedExtensions = ['.yaml', '.yml'];

/** Reads a config text: settings and notices, or every problem at once; both in the order of the file. */
export function readConfig(text: string, { env }: { readonly env: Environment }): ConfigResult {
  const parsed = parseYaml(text);
  if (!parsed.ok) return parsed;
  const expanded = expandVariables(parsed.data, env);
  const validated = validateConfig(expanded);
  if (!validated.ok) return { ok: false, problems: placeFindings(validated.findings, parsed.locate) };
  const { config, notices } = resolveConfig(validated.file, expanded.missing);
  return { ok: true, config, notices: placeFindings(notices, parsed.locate) };
}

/** Reads a config file; one that cannot be read is a problem, not an exception. */
export async function loadConfigFile(path: string, env: Environment): Promise<ConfigResult> {
  if (!supportedExtensions.includes(extname(path).toLowerCase())) {
    return refuseFile(`the file's name must end in ${supportedExtensions.join(' or ')}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return refuseFile(describeReadFailure(error));
  }
  const text = decodeUtf8(bytes);
  return text === undefined
    ? refuseFile('the file is not UTF-8 text: save it as UTF-8')
    : readConfig(text, { env });
}

function placeFindings(findings: readonly Finding[], locate: Locate): readonly ConfigProblem[] {
  const placed = findings.map(({ path, target, message }) => ({
    ...locate(path, target),
    path: formatPath(path),
    message,
  }));
  return placed.toSorted((a, b) => a.line - b.line || a.column - b.column);
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
