/** Every place from which Claude Code takes variables, the strongest first (protocol.md 1.7). */
import { dirname, join } from 'node:path';
import { showPath } from '../settings-path.ts';
import { findSettingsProblem, hasKeyHelper, readEnv } from '../settings-text.ts';
import type { DoctorQuestion } from './question.ts';
import { readQuietly } from './read-quietly.ts';

/** One place. `problem` = where and why the file cannot be used; it counts as empty then. */
export type Layer = {
  readonly kind: 'managed' | 'project' | 'user' | 'shell';
  readonly shownAs: string;
  readonly env: ReadonlyMap<string, string>;
  readonly hasKeyHelper: boolean;
  readonly problem: string | undefined;
};

/** The value that Claude Code sees and the place it comes from. An empty one switches the variable off. */
export type Effective = { readonly value: string; readonly layer: Layer };

type Place = Pick<Layer, 'kind'> & { readonly path: string };

function managedPaths({ platform, env, systemFolder }: DoctorQuestion): readonly string[] {
  const name = 'managed-settings.json';
  switch (platform) {
    case 'win32':
      return [env.ProgramFiles || 'C:\\Program Files', env.ProgramData || 'C:\\ProgramData'].map((folder) =>
        join(folder, 'ClaudeCode', name),
      );
    case 'darwin':
      return [join(systemFolder, 'Library', 'Application Support', 'ClaudeCode', name)];
    default:
      return [join(systemFolder, 'etc', 'claude-code', name)];
  }
}

/** The project files of the working folder and the folders above it, up to the home folder. */
function projectPaths({ workingFolder, homeFolder, settings }: DoctorQuestion): readonly string[] {
  const paths: string[] = [];
  for (let folder = workingFolder; ; folder = dirname(folder)) {
    // The user's own file is no project's, and what lies above the home folder is nobody's.
    if (folder === homeFolder && folder !== workingFolder) break;
    for (const name of ['settings.local.json', 'settings.json']) paths.push(join(folder, '.claude', name));
    if (folder === homeFolder || dirname(folder) === folder) break;
  }
  return paths.filter((path) => path !== settings.path);
}

async function readLayer({ kind, path }: Place, homeFolder: string): Promise<Layer | undefined> {
  const text = await readQuietly(path);
  if (text === undefined) return undefined;
  const shownAs = showPath(path, homeFolder);
  const found = findSettingsProblem(text);
  if (found !== undefined) {
    const problem = `${shownAs}:${found.line}:${found.column}: ${found.reason}`;
    return { kind, shownAs, env: new Map(), hasKeyHelper: false, problem };
  }
  const env = new Map([...readEnv(text)].map(([name, value]) => [name, value.text ?? '']));
  return { kind, shownAs, env, hasKeyHelper: hasKeyHelper(text), problem: undefined };
}

function shellLayer({ env }: DoctorQuestion): Layer {
  const set = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value ? [[name, value]] : [],
  );
  return { kind: 'shell', shownAs: 'this shell', env: new Map(set), hasKeyHelper: false, problem: undefined };
}

/** Reads all places that exist, the strongest first; the shell comes last. */
export async function readLayers(question: DoctorQuestion): Promise<readonly Layer[]> {
  const places: readonly Place[] = [
    ...managedPaths(question).map((path) => ({ kind: 'managed' as const, path })),
    ...projectPaths(question).map((path) => ({ kind: 'project' as const, path })),
    { kind: 'user', path: question.settings.path },
  ];
  const read = await Promise.all(places.map((place) => readLayer(place, question.homeFolder)));
  return [...read.filter((layer) => layer !== undefined), shellLayer(question)];
}

/** What Claude Code sees of a variable; undefined = it is set nowhere. */
export function effective(layers: readonly Layer[], name: string): Effective | undefined {
  for (const layer of layers) {
    const value = layer.env.get(name);
    if (value !== undefined) return { value, layer };
  }
  return undefined;
}
