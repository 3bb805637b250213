import { join } from 'node:path';
import { parseFlat, parseNumber, readControl } from './files.ts';
import type { CgroupPaths } from './paths.ts';
import type { CgroupStats } from './stats-types.ts';
import { readStatsV1 } from './stats-v1.ts';
import { readStatsV2 } from './stats-v2.ts';

/** Read a container's counters from the files, or undefined when its control group is gone. */
export async function readCgroupStats(paths: CgroupPaths): Promise<CgroupStats | undefined> {
  return paths.mode === 'v2' && paths.unified !== undefined
    ? await readStatsV2(paths.unified)
    : await readStatsV1(paths.controllers);
}

/** What the host's CPUs did since boot, in nanoseconds: the sum of the first seven columns of /proc/stat's first line. */
export async function readHostCpu(): Promise<{ readonly total: number; readonly onlineCpus: number }> {
  const text = (await readControl('/proc/stat')) ?? '';
  const lines = text.split('\n');
  const columns = (lines[0] ?? '').trim().split(/\s+/).slice(1, 8).map(Number);
  // USER_HZ is 100 on every Linux platform that Node.js runs on.
  const total = columns.reduce((sum, ticks) => sum + ticks, 0) * 1e7;
  return { total, onlineCpus: lines.filter((line) => /^cpu\d/.test(line)).length };
}

/** How often the kernel killed in this group for want of memory; it only ever grows. Undefined: unknown. */
export async function readOomKills(paths: CgroupPaths): Promise<number | undefined> {
  if (paths.mode === 'v2' && paths.unified !== undefined) {
    return parseFlat(await readControl(join(paths.unified, 'memory.events')))['oom_kill'];
  }
  const memory = paths.controllers.get('memory');
  return memory === undefined
    ? undefined
    : parseFlat(await readControl(join(memory, 'memory.oom_control')))['oom_kill'];
}

export type FreezeState = 'thawed' | 'freezing' | 'frozen';

export async function readFreezeState(paths: CgroupPaths): Promise<FreezeState> {
  if (paths.mode === 'v2' && paths.unified !== undefined) {
    const wanted = parseNumber(await readControl(join(paths.unified, 'cgroup.freeze')));
    if (wanted !== 1) return 'thawed';
    return parseFlat(await readControl(join(paths.unified, 'cgroup.events')))['frozen'] === 1 ? 'frozen' : 'freezing';
  }
  const freezer = paths.controllers.get('freezer');
  const state = freezer === undefined ? undefined : await readControl(join(freezer, 'freezer.state'));
  const text = state?.trim().toLowerCase();
  return text === 'frozen' || text === 'freezing' ? text : 'thawed';
}
