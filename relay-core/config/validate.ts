import { type ConfigFile, configFileSchema } from '../contracts/config.ts';
import { checkProviders } from './check-providers.ts';
import { checkRouting } from './check-routing.ts';
import { checkServer } from './check-server.ts';
import { readCheckedFields } from './checked-fields.ts';
import { type ConfigPath, type Finding, formatPath, isMap, valueAt, withValueAt } from './config-path.ts';
import { configPathOf, describeIssue } from './describe-issue.ts';
import type { ExpandedData, MissingVariable } from './expand-variables.ts';
import type { ConfigFormat } from './parsed-text.ts';

/** A file that follows the schema and the rules, or everything that is wrong with it. */
export type ValidatedConfig =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly findings: readonly Finding[] };

type Shape =
  | { readonly ok: true; readonly file: ConfigFile; readonly data: unknown }
  | { readonly ok: false; readonly findings: readonly Finding[]; readonly data: unknown };

/** Checks schema and rules together; a variable missing inside a provider is left for `resolveConfig`. */
export function validateConfig(expanded: ExpandedData, format: ConfigFormat): ValidatedConfig {
  const shape = checkShape(expanded, format);
  const fields = readCheckedFields(shape.data);
  const variableFindings = [...expanded.malformed, ...missingFindings(expanded.missing)];
  const reported = pathsOf(variableFindings);
  const unreadable = new Set([...reported, ...pathsOf(expanded.missing)]);
  const findings = [
    ...variableFindings,
    ...(shape.ok ? [] : without(shape.findings, reported)),
    ...without([...checkServer(fields), ...checkProviders(fields), ...checkRouting(fields)], unreadable),
  ];
  return shape.ok && findings.length === 0 ? { ok: true, file: shape.file } : { ok: false, findings };
}

function pathsOf(places: readonly { readonly path: ConfigPath }[]): ReadonlySet<string> {
  return new Set(places.map(({ path }) => formatPath(path)));
}

function without(findings: readonly Finding[], paths: ReadonlySet<string>): readonly Finding[] {
  return findings.filter(({ path }) => !paths.has(formatPath(path)));
}

function checkShape(expanded: ExpandedData, format: ConfigFormat): Shape {
  const written = emptyAsAbsent(expanded.data);
  const first = configFileSchema.safeParse(written);
  if (first.success) return { ok: true, file: first.data, data: written };

  const missingPaths = pathsOf(expanded.missing);
  const data = first.error.issues.reduce<unknown>((current, issue) => {
    const path = configPathOf(issue);
    const name = formatPath(path);
    if (missingPaths.has(name)) return withValueAt(current, path, undefined);
    if (!expanded.expandedPaths.has(name)) return current;
    return withValueAt(current, path, readScalar(valueAt(current, path)));
  }, written);
  const second = configFileSchema.safeParse(data);
  if (second.success) return { ok: true, file: second.data, data };
  return {
    ok: false,
    data,
    findings: second.error.issues.flatMap((issue) => describeIssue(issue, { data, format })),
  };
}

/** Settings whose older way to say "the default" is an empty text. */
const emptyMeansDefault: ReadonlySet<string> = new Set(
  'routing.strategy routing.default_provider logging.level logging.format logging.output pooling.strategy base_url'.split(
    ' ',
  ),
);

/** `key:` with nothing after it means the same as no such line. */
function emptyAsAbsent(value: unknown, section = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => emptyAsAbsent(item));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const setting = section === '' ? key : `${section}.${key}`;
      const isDefault = item === null || (item === '' && emptyMeansDefault.has(setting));
      return [key, isDefault ? undefined : emptyAsAbsent(item, key)];
    }),
  );
}

/** Variables are text; where the schema wants a number or a boolean, the text is read as one. */
function readScalar(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) ? Number(text) : value;
}

/** Only what belongs to one provider alone can be missing without stopping the relay. */
function missingFindings(missing: readonly MissingVariable[]): readonly Finding[] {
  return missing
    .filter(({ path }) => !isOptionalInProvider(path))
    .map((variable) => ({
      path: variable.path,
      target: 'value',
      message:
        variable.source === 'keychain'
          ? `the key chain has no ${variable.name}: run cc-relay keys add ${variable.name}`
          : `the variable ${variable.name} is not set: export it, or write a default as in \${${variable.name}:-value}`,
    }));
}

function isOptionalInProvider(path: ConfigPath): boolean {
  const [section, , field] = path;
  return section === 'providers' && field !== undefined && field !== 'name' && field !== 'type';
}
