/** Variables that shell start-up files export, found without running them. */
import { join } from 'node:path';
import { xdgFolder } from '../../config/data-folder.ts';
import { showPath } from '../settings-path.ts';
import type { DoctorQuestion } from './question.ts';
import { listQuietly, readQuietly } from './read-quietly.ts';
import { decisiveVariables } from './variables.ts';

/** One export. `value` undefined = it cannot be told without running the file. Never to be shown. */
export type Exported = {
  readonly name: string;
  readonly value: string | undefined;
  readonly shownAs: string;
  readonly line: number;
};

const shellFiles = ['.bashrc', '.bash_profile', '.bash_login', '.profile'];
const zshFiles = ['.zshenv', '.zprofile', '.zshrc', '.zlogin'];

const assignment = /^\s*(?:(?:export|declare\s+-\w*x\w*|typeset\s+-\w*x\w*)\s+)?([A-Z_]+)=(.*)$/;
const fishAssignment = /^\s*set\s+((?:-\S+\s+)+)([A-Z_]+)\s+(.*)$/;
const removal = /^\s*(?:unset(?:\s+-v)?|set\s+(?:-e|--erase)(?:\s+-\S+)*)\s+([A-Z_]+)/;

/** The value of a word as the shell would read it; undefined = only the shell knows. */
function plainValue(written: string): string | undefined {
  const [, single, double, bare] = /^(?:'([^']*)'|"([^"]*)"|([^\s;#'"]*))/.exec(written) ?? [];
  const value = single ?? double ?? bare ?? '';
  return single === undefined && /[$`\\]/.test(value) ? undefined : value;
}

function readAssignment(line: string): { readonly name: string; readonly written: string } | undefined {
  const [, name, written] = assignment.exec(line) ?? [];
  if (name !== undefined && written !== undefined) return { name, written };
  const [, flags = '', fishName, fishWritten] = fishAssignment.exec(line) ?? [];
  const isExported = /(?:^|\s)(?:-\w*x\w*|--export)\s/.test(flags);
  return isExported && fishName !== undefined && fishWritten !== undefined
    ? { name: fishName, written: fishWritten }
    : undefined;
}

/** The decisive variables that a file still has set at its end, each with its last line. */
function readExports(text: string, shownAs: string): readonly Exported[] {
  const found = new Map<string, Exported>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const removed = removal.exec(line)?.[1];
    if (removed !== undefined) found.delete(removed);
    // Several commands may stand on one line.
    for (const part of line.split(/;|&&/)) {
      const read = readAssignment(part);
      if (read === undefined || !decisiveVariables.includes(read.name)) continue;
      const value = plainValue(read.written);
      if (value === '') found.delete(read.name);
      else found.set(read.name, { name: read.name, value, shownAs, line: index + 1 });
    }
  }
  return [...found.values()];
}

async function filePaths({ env, homeFolder }: DoctorQuestion): Promise<readonly string[]> {
  const fish = join(xdgFolder(env.XDG_CONFIG_HOME) ?? join(homeFolder, '.config'), 'fish');
  const parts = (await listQuietly(join(fish, 'conf.d'))).filter((name) => name.endsWith('.fish'));
  return [
    ...shellFiles.map((name) => join(homeFolder, name)),
    ...zshFiles.map((name) => join(env.ZDOTDIR || homeFolder, name)),
    join(fish, 'config.fish'),
    ...parts.map((name) => join(fish, 'conf.d', name)),
  ];
}

/** What the user's shell start-up files export of the decisive variables. */
export async function findExports(question: DoctorQuestion): Promise<readonly Exported[]> {
  const paths = await filePaths(question);
  const texts = await Promise.all(paths.map(readQuietly));
  return paths.flatMap((path, index) => readExports(texts[index] ?? '', showPath(path, question.homeFolder)));
}
