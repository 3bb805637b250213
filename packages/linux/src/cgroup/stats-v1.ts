import { join } from 'node:path';
import { parseFlat, parseNumber, readControl } from './files.ts';
import { type BlkioCounters, type BlkioEntry, type CgroupStats, NO_BLKIO } from './stats-types.ts';

/** A v1 limit at or above this (2^63 rounded down to a page) means none. */
const NO_LIMIT = 2 ** 62;

/** Counters from v1 hierarchies: controller → directory. Undefined when the group is gone from all of them. */
export async function readStatsV1(controllers: ReadonlyMap<string, string>): Promise<CgroupStats | undefined> {
  const read = async (controller: string, file: string): Promise<string | undefined> => {
    const directory = controllers.get(controller);
    return directory === undefined ? undefined : await readControl(join(directory, file));
  };
  const [usage, perCpu, acct, cpuStat, memory, pids, pidsMax, blkio] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('cpuacct', 'cpuacct.usage_percpu'),
    readCpuTimes(read),
    read('cpu', 'cpu.stat'),
    readMemory(read),
    read('pids', 'pids.current'),
    read('pids', 'pids.max'),
    readBlkio(read),
  ]);
  if (usage === undefined && memory.usage === undefined && pids === undefined) return undefined;
  const throttle = parseFlat(cpuStat);
  return {
    cpu: {
      total: parseNumber(usage) ?? 0,
      ...acct,
      perCpu: perCpu?.trim().split(/\s+/).map(Number),
      periods: throttle['nr_periods'] ?? 0,
      throttledPeriods: throttle['nr_throttled'] ?? 0,
      throttledTime: throttle['throttled_time'] ?? 0,
    },
    memory: { ...memory, usage: memory.usage ?? 0 },
    pids: { current: parseNumber(pids), limit: parseNumber(pidsMax) },
    blkio,
  };
}

type Reader = (controller: string, file: string) => Promise<string | undefined>;

async function readCpuTimes(read: Reader): Promise<{ user: number; system: number }> {
  const [user, system] = await Promise.all([
    read('cpuacct', 'cpuacct.usage_user'),
    read('cpuacct', 'cpuacct.usage_sys'),
  ]);
  return { user: parseNumber(user) ?? 0, system: parseNumber(system) ?? 0 };
}

async function readMemory(read: Reader): Promise<Omit<CgroupStats['memory'], 'usage'> & { usage: number | undefined }> {
  const [usageText, max, limit, failcnt, stat, swapUsage, swapLimit] = await Promise.all([
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.max_usage_in_bytes'),
    read('memory', 'memory.limit_in_bytes'),
    read('memory', 'memory.failcnt'),
    read('memory', 'memory.stat'),
    read('memory', 'memory.memsw.usage_in_bytes'),
    read('memory', 'memory.memsw.limit_in_bytes'),
  ]);
  const usage = parseNumber(usageText);
  const stats = parseFlat(stat);
  const inactive = stats['total_inactive_file'] ?? 0;
  return {
    usage,
    maxUsage: parseNumber(max),
    limit: limited(parseNumber(limit)),
    failcnt: parseNumber(failcnt),
    stats,
    workingSet: Math.max(0, (usage ?? 0) - inactive),
    swapUsage: parseNumber(swapUsage),
    swapLimit: limited(parseNumber(swapLimit)),
  };
}

function limited(bytes: number | undefined): number | undefined {
  return bytes === undefined || bytes >= NO_LIMIT ? undefined : bytes;
}

/** The file of each counter: CFQ/BFQ's where the scheduler counts, else the throttling layer's. */
async function readBlkio(read: Reader): Promise<BlkioCounters> {
  const entries = async (...files: readonly string[]): Promise<BlkioEntry[]> => {
    for (const file of files) {
      const parsed = parseBlkio(await read('blkio', file));
      if (parsed.length > 0) return parsed;
    }
    return [];
  };
  const [serviceBytes, serviced, queued, serviceTime, waitTime, merged, time, sectors] = await Promise.all([
    entries(
      'blkio.bfq.io_service_bytes_recursive',
      'blkio.io_service_bytes_recursive',
      'blkio.throttle.io_service_bytes_recursive',
      'blkio.throttle.io_service_bytes',
    ),
    entries(
      'blkio.bfq.io_serviced_recursive',
      'blkio.io_serviced_recursive',
      'blkio.throttle.io_serviced_recursive',
      'blkio.throttle.io_serviced',
    ),
    entries('blkio.bfq.io_queued_recursive', 'blkio.io_queued_recursive'),
    entries('blkio.bfq.io_service_time_recursive', 'blkio.io_service_time_recursive'),
    entries('blkio.bfq.io_wait_time_recursive', 'blkio.io_wait_time_recursive'),
    entries('blkio.bfq.io_merged_recursive', 'blkio.io_merged_recursive'),
    entries('blkio.bfq.time_recursive', 'blkio.time_recursive'),
    entries('blkio.bfq.sectors_recursive', 'blkio.sectors_recursive'),
  ]);
  return { ...NO_BLKIO, serviceBytes, serviced, queued, serviceTime, waitTime, merged, time, sectors };
}

/** Lines `major:minor [Op] value`; the closing `Total value` belongs to no device. */
export function parseBlkio(text: string | undefined): BlkioEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+)(?: (\w+))? (\d+)$/.exec(line.trim());
    if (!match) return [];
    const [, major, minor, op = '', value] = match;
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) }];
  });
}
