import { join } from 'node:path';
import { parseFlat, parseNumber, readControl } from './files.ts';
import { type BlkioCounters, type BlkioEntry, type CgroupStats, NO_BLKIO } from './stats-types.ts';

/** Counters from a cgroup2 directory, or undefined when it is gone. */
export async function readStatsV2(directory: string): Promise<CgroupStats | undefined> {
  const read = (file: string): Promise<string | undefined> => readControl(join(directory, file));
  const [cpuText, usageText, peak, max, stat, swap, swapMax, pids, pidsMax, io] = await Promise.all([
    read('cpu.stat'),
    read('memory.current'),
    read('memory.peak'),
    read('memory.max'),
    read('memory.stat'),
    read('memory.swap.current'),
    read('memory.swap.max'),
    read('pids.current'),
    read('pids.max'),
    read('io.stat'),
  ]);
  if (cpuText === undefined && usageText === undefined) return undefined;
  const cpu = parseFlat(cpuText);
  const stats = parseFlat(stat);
  const usage = parseNumber(usageText) ?? 0;
  const nanos = (key: string): number => (cpu[key] ?? 0) * 1000;
  return {
    cpu: {
      total: nanos('usage_usec'),
      user: nanos('user_usec'),
      system: nanos('system_usec'),
      perCpu: undefined,
      periods: cpu['nr_periods'] ?? 0,
      throttledPeriods: cpu['nr_throttled'] ?? 0,
      throttledTime: nanos('throttled_usec'),
    },
    memory: {
      usage,
      maxUsage: parseNumber(peak),
      limit: parseNumber(max),
      failcnt: undefined,
      stats,
      workingSet: Math.max(0, usage - (stats['inactive_file'] ?? 0)),
      swapUsage: parseNumber(swap),
      swapLimit: parseNumber(swapMax),
    },
    pids: { current: parseNumber(pids), limit: parseNumber(pidsMax) },
    blkio: parseIoStat(io),
  };
}

/** io.stat: `major:minor rbytes=… wbytes=… rios=… wios=… …`. */
export function parseIoStat(text: string | undefined): BlkioCounters {
  const serviceBytes: BlkioEntry[] = [];
  const serviced: BlkioEntry[] = [];
  for (const line of (text ?? '').split('\n')) {
    const match = /^(\d+):(\d+) (.*)$/.exec(line.trim());
    if (!match) continue;
    const device = { major: Number(match[1]), minor: Number(match[2]) };
    const values = Object.fromEntries((match[3] ?? '').split(' ').map((pair) => pair.split('=')));
    const entry = (op: string, key: string): BlkioEntry => ({ ...device, op, value: Number(values[key] ?? 0) });
    serviceBytes.push(entry('read', 'rbytes'), entry('write', 'wbytes'));
    serviced.push(entry('read', 'rios'), entry('write', 'wios'));
  }
  return { ...NO_BLKIO, serviceBytes, serviced };
}
