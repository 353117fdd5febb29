import { join } from 'node:path';
import { type Check, reporter } from './check.ts';
import type { Findings } from './findings.ts';
import type { DoctorQuestion } from './question.ts';
import { listQuietly, readQuietly } from './read-quietly.ts';

async function isInWsl({ platform, env, systemFolder }: DoctorQuestion): Promise<boolean> {
  if (platform !== 'linux') return false;
  if (env.WSL_DISTRO_NAME || env.WSL_INTEROP) return true;
  const kernel = await readQuietly(join(systemFolder, 'proc', 'sys', 'kernel', 'osrelease'));
  return /microsoft/i.test(kernel ?? '');
}

/** Inside WSL: whether there may be another Claude Code on the Windows side, with settings of its own. */
export async function checkWindows({ question }: Findings): Promise<readonly Check[]> {
  const report = reporter('Windows');
  if (!(await isInWsl(question))) return [];
  const users = join(question.systemFolder, 'mnt', 'c', 'Users');
  for (const name of await listQuietly(users)) {
    const path = join(users, name, '.claude', 'settings.json');
    if ((await readQuietly(path)) === undefined) continue;
    const finding = `This is WSL, and Windows has a Claude Code of its own (${path}), which knows nothing of this relay.`;
    return [report.warning(finding, 'If you use that one, run in Windows: cc-relay claude init')];
  }
  return [report.ok('This is WSL: a Claude Code in Windows would have settings of its own.')];
}
