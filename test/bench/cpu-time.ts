import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Reads the CPU time that all threads of a process have used so far, in microseconds. */
export type CpuClock = { readonly source: string; read(pid: number): number };

/** Linux counts in ticks of 1/100 s wherever Node runs. */
const microsPerTick = 10_000;

const readSchedstat = (path: string): number => {
  try {
    return Number(readFileSync(path, 'utf8').split(' ', 1)[0]);
  } catch (error) {
    // A thread may end between listing and reading.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return 0;
    throw error;
  }
};

const schedstatClock: CpuClock = {
  source: '/proc/<pid>/task/*/schedstat',
  read: (pid) => {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) => readSchedstat(`/proc/${pid}/task/${thread}/schedstat`));
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
  },
};

const statClock: CpuClock = {
  source: '/proc/<pid>/stat (10 ms steps)',
  read: (pid) => {
    // The name in parentheses may hold spaces: count fields behind it. utime and stime are the 14th and 15th.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
  },
};

/** The best clock that this machine has; undefined where there is no /proc. */
export const findCpuClock = (): CpuClock | undefined => {
  const own = process.pid;
  if (!existsSync(`/proc/${own}/stat`)) return undefined;
  const hasSchedstat = existsSync(`/proc/${own}/task/${own}/schedstat`) && schedstatClock.read(own) > 0;
  return hasSchedstat ? schedstatClock : statClock;
};
