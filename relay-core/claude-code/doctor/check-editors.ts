import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import { z } from 'zod';
import { xdgFolder } from '../../config/data-folder.ts';
import { isSameRelay } from '../relay-address.ts';
import { showPath } from '../settings-path.ts';
import { type Check, reporter } from './check.ts';
import { relayAddressOf } from './check-address.ts';
import type { Findings } from './findings.ts';
import type { DoctorQuestion } from './question.ts';
import { listQuietly, readQuietly } from './read-quietly.ts';
import { cloudSwitches } from './variables.ts';

/** The editors that are VS Code, by the names of their folders. */
const editors = [
  { folder: 'Code', extensions: '.vscode' },
  { folder: 'Code - Insiders', extensions: '.vscode-insiders' },
  { folder: 'VSCodium', extensions: '.vscode-oss' },
  { folder: 'Cursor', extensions: '.cursor' },
] as const;

type Editor = (typeof editors)[number];

const key = 'claudeCode.environmentVariables';
const report = reporter('editors');

const variablesSchema = z.union([
  z
    .array(z.looseObject({ name: z.string(), value: z.coerce.string().catch('') }))
    .transform((list) => new Map(list.map(({ name, value }) => [name, value]))),
  z.record(z.string(), z.coerce.string().catch('')).transform((map) => new Map(Object.entries(map))),
]);

function settingsFolder({ platform, env, homeFolder }: DoctorQuestion): string {
  switch (platform) {
    case 'win32':
      return env.APPDATA || join(homeFolder, 'AppData', 'Roaming');
    case 'darwin':
      return join(homeFolder, 'Library', 'Application Support');
    default:
      return xdgFolder(env.XDG_CONFIG_HOME) ?? join(homeFolder, '.config');
  }
}

/** The editor's variables for Claude Code; undefined = it has no Claude Code. */
async function readVariables(
  question: DoctorQuestion,
  { editor, path }: { readonly editor: Editor; readonly path: string },
): Promise<ReadonlyMap<string, string> | undefined> {
  const extensions = await listQuietly(join(question.homeFolder, editor.extensions, 'extensions'));
  const isInstalled = extensions.some((name) => name.startsWith('anthropic.claude-code'));
  const settings: unknown = parse((await readQuietly(path)) ?? '{}');
  const isObject = typeof settings === 'object' && settings !== null;
  const isUsed = isObject && Object.keys(settings).some((name) => name.startsWith('claudeCode.'));
  if (!isInstalled && !isUsed) return undefined;
  const written = isObject && key in settings ? settings[key] : undefined;
  return variablesSchema.safeParse(written).data ?? new Map();
}

type Seen = { readonly shownAs: string; readonly variables: ReadonlyMap<string, string> };

function judge({ shownAs, variables }: Seen, relayAddress: string | undefined): readonly Check[] {
  const clouds = cloudSwitches
    .filter((name) => variables.get(name))
    .map((name) =>
      report.problem(
        `${key} in ${shownAs} sets ${name}: its Claude Code goes past the relay.`,
        `Delete ${name} from ${key} in ${shownAs}.`,
      ),
    );
  const address = variables.get('ANTHROPIC_BASE_URL');
  if (address === undefined) {
    if (relayAddress === undefined) return clouds;
    const entry = `"${key}": [{ "name": "ANTHROPIC_BASE_URL", "value": "${relayAddress}" }]`;
    const finding = `${shownAs} does not tell the editor's Claude Code of the relay.`;
    return [...clouds, report.warning(finding, `If it does not use the relay, add to ${shownAs}: ${entry}`)];
  }
  if (relayAddress !== undefined && isSameRelay(address, relayAddress)) return clouds;
  const remedy =
    relayAddress === undefined
      ? `Delete ANTHROPIC_BASE_URL from ${key} in ${shownAs}.`
      : `Write "value": "${relayAddress}" for ANTHROPIC_BASE_URL there.`;
  const finding = `${key} in ${shownAs} sends its Claude Code elsewhere than the settings.`;
  return [...clouds, report.problem(finding, remedy)];
}

/** Whether editors with Claude Code in them use the relay, too. */
export async function checkEditors(findings: Findings): Promise<readonly Check[]> {
  const { question } = findings;
  const isSetUp = relayAddressOf(findings) !== undefined;
  const checks: Check[] = [];
  for (const editor of editors) {
    const path = join(settingsFolder(question), editor.folder, 'User', 'settings.json');
    const variables = await readVariables(question, { editor, path });
    if (variables === undefined) continue;
    const shownAs = showPath(path, question.homeFolder);
    checks.push(...judge({ shownAs, variables }, isSetUp ? findings.relayAddress : undefined));
  }
  return checks.length > 0 ? checks : [report.ok('No editor contradicts the set-up.')];
}
