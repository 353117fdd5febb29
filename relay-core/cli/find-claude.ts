import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { ClaudeProgram } from '../claude-code/doctor/question.ts';
import type { CommandContext } from './command.ts';

const run = promisify(execFile);
const limitMs = 3_000;

const isProgram = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Whatever the reason, it cannot be started.
    return false;
  }
};

const readVersion = async (path: string, context: CommandContext): Promise<string | undefined> => {
  try {
    const isScript = /\.(?:cmd|bat)$/i.test(path);
    const options = { timeout: limitMs, env: context.env, windowsHide: true, shell: isScript };
    const { stdout } = await run(isScript ? `"${path}"` : path, ['--version'], options);
    // It names itself; whatever else it may print is not ours to repeat.
    return /\d+\.\d+\.\d+[\w.-]*/.exec(stdout)?.[0];
  } catch {
    // Too slow or broken: that it is there is known.
    return undefined;
  }
};

/** The `claude` that this shell would start, with its version if it tells it within three seconds. */
export const findClaude = async (context: CommandContext): Promise<ClaudeProgram | undefined> => {
  const { env, platform, homeFolder } = context;
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '');
  const names = platform === 'win32' ? ['claude.exe', 'claude.cmd', 'claude.bat'] : ['claude'];
  for (const folder of [
    ...folders,
    join(homeFolder, '.claude', 'local'),
    join(homeFolder, '.local', 'bin'),
  ]) {
    for (const name of names) {
      const path = join(folder, name);
      if (await isProgram(path)) return { path, version: await readVersion(path, context) };
    }
  }
  return undefined;
};
