import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfExists } from '@pouch/base';
import { type HostProbe, probeHost } from '@pouch/linux';
import type { HostFacts } from './host-facts.ts';

/** /proc/self/limits' words for the limits that ulimit knows. */
const LIMIT_TITLES: Readonly<Record<string, string>> = {
  'Max cpu time': 'RLIMIT_CPU',
  'Max file size': 'RLIMIT_FSIZE',
  'Max data size': 'RLIMIT_DATA',
  'Max stack size': 'RLIMIT_STACK',
  'Max core file size': 'RLIMIT_CORE',
  'Max resident set': 'RLIMIT_RSS',
  'Max processes': 'RLIMIT_NPROC',
  'Max open files': 'RLIMIT_NOFILE',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max address space': 'RLIMIT_AS',
  'Max file locks': 'RLIMIT_LOCKS',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
  'Max nice priority': 'RLIMIT_NICE',
  'Max realtime priority': 'RLIMIT_RTPRIO',
  'Max realtime timeout': 'RLIMIT_RTTIME',
};

/** What containers need to know of the host: from the probe, and from this process's own limits. */
export async function readHostFacts(probe?: HostProbe): Promise<HostFacts> {
  const { cgroup, limits, hostname, capabilities, security, kernelVersion } = probe ?? (await probeHost());
  const isV2 = cgroup.mode === 'v2';
  const online = (path: string): Promise<string> =>
    readTextIfExists(`/sys/devices/system/${path}/online`).then((text) => text?.trim() || '0');
  return {
    hostname,
    cgroupVersion: isV2 ? 2 : 1,
    limits: {
      memory: limits.memory,
      memoryReservation: limits.memory,
      swap: limits.swap,
      swappiness: limits.memory && !isV2,
      oomKillDisable: limits.oomKillDisable,
      cpuShares: limits.cpuShares,
      cpuQuota: limits.cpuCfsQuota,
      cpuRealtime: limits.cpuRealtime,
      cpuset: limits.cpuset,
      pids: limits.pids,
      cpuBurst: isV2 ? limits.cpuCfsQuota && kernelIsAtLeast(kernelVersion, 5, 14) : await hasBurst(cgroup),
      memoryMarks: isV2 && limits.memory,
      cacheReclaim: limits.memory && (!isV2 || kernelIsAtLeast(kernelVersion, 5, 19)),
      blkioWeight: limits.blkioWeight,
      blkioThrottle: limits.blkioThrottle,
    },
    onlineCpus: await online('cpu'),
    memoryNodes: await online('node'),
    nodeCpus: await readNodeCpus(),
    resctrl: (await readTextIfExists('/sys/fs/resctrl/schemata')) !== undefined,
    boundingCapabilities: capabilities,
    hardLimits: parseHardLimits((await readTextIfExists('/proc/self/limits')) ?? ''),
    oomScoreAdj: Number((await readTextIfExists('/proc/self/oom_score_adj'))?.trim() ?? 0),
    ...security,
    recursiveReadOnly: kernelIsAtLeast(kernelVersion, 5, 12),
  };
}

async function hasBurst({ controllers }: HostProbe['cgroup']): Promise<boolean> {
  const point = controllers.get('cpu');
  return point !== undefined && (await readTextIfExists(join(point, 'cpu.cfs_burst_us'))) !== undefined;
}

async function readNodeCpus(): Promise<Record<string, string>> {
  const root = '/sys/devices/system/node';
  const names = (await readdir(root).catch(() => [])).filter((name) => /^node\d+$/.test(name));
  const entries = names.map(async (name) => {
    const list = await readTextIfExists(join(root, name, 'cpulist'));
    return [name.slice('node'.length), list?.trim() ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The hard column of /proc/PID/limits by OCI name, without those that are unlimited. */
export function parseHardLimits(text: string): Record<string, bigint> {
  const limits: Record<string, bigint> = {};
  for (const line of text.split('\n')) {
    const match = /^(Max .+?)\s{2,}(\S+)\s+(\S+)/.exec(line);
    const name = match && LIMIT_TITLES[match[1] as string];
    if (name && /^\d+$/.test(match[3] as string)) limits[name] = BigInt(match[3] as string);
  }
  return limits;
}

function kernelIsAtLeast(version: string, major: number, minor: number): boolean {
  const [have = 0, part = 0] = version.split(/[.-]/).map(Number);
  return have > major || (have === major && part >= minor);
}
