/** A limit that this host's cgroups can put on a container. */
export type LimitName =
  | 'memory'
  | 'memoryReservation'
  | 'swap'
  | 'swappiness'
  | 'oomKillDisable'
  | 'cpuShares'
  | 'cpuQuota'
  | 'cpuRealtime'
  | 'cpuset'
  | 'pids'
  | 'cpuBurst'
  | 'memoryMarks'
  | 'cacheReclaim'
  | 'blkioWeight'
  | 'blkioThrottle';

/** What making a container must know of the host and of the daemon's own rights. Read once at start. */
export interface HostFacts {
  readonly hostname: string;
  /** 2 for a pure cgroup v2 host; 1 for v1 and hybrid, where limits go to v1 controllers. */
  readonly cgroupVersion: 1 | 2;
  readonly limits: Readonly<Record<LimitName, boolean>>;
  /** Lists as the kernel prints them: `0-3,8`. */
  readonly onlineCpus: string;
  readonly memoryNodes: string;
  /** Of each memory node, its CPUs. */
  readonly nodeCpus: Readonly<Record<string, string>>;
  /** The kernel's interface to Intel RDT is mounted. */
  readonly resctrl: boolean;
  /** `CAP_…`: what the daemon can hand to a container at most. */
  readonly boundingCapabilities: readonly string[];
  /** The daemon's own hard limits by OCI name (`RLIMIT_NOFILE`); absent is unlimited. */
  readonly hardLimits: Readonly<Record<string, bigint>>;
  /** The daemon's own; without CAP_SYS_RESOURCE no process can have less. */
  readonly oomScoreAdj: number;
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** Kernel (5.12) and runtime can make a whole mount tree read-only. */
  readonly recursiveReadOnly: boolean;
}

/** Whether the daemon may raise limits and lower OOM scores. */
export function mayRaiseLimits(host: HostFacts): boolean {
  return host.boundingCapabilities.includes('CAP_SYS_RESOURCE');
}

/** The numbers of a kernel list such as `0-2,7`; undefined when it is none. */
export function parseCpuList(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first) return undefined;
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return numbers;
}
