import { access, readdir } from 'node:fs/promises';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { exec, readTextIfExists } from '@pouch/base';
import { readBoundingCapabilities } from './capabilities.ts';
import { type CgroupHierarchy, readCgroupHierarchy } from './cgroup/hierarchy.ts';
import { isInitialUserNamespace } from './user-namespace.ts';

/** What this host is and can do, found once at start. */
export interface HostProbe {
  readonly kernelVersion: string;
  /** From os-release. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  readonly hostname: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly cgroup: CgroupHierarchy;
  readonly limits: ResourceSupport;
  readonly isSystemd: boolean;
  /** False inside a user namespace, where many mounts and devices are out of reach. */
  readonly isInitialUserNamespace: boolean;
  /** Names of the bounding set. */
  readonly capabilities: readonly string[];
  /** File systems the kernel has loaded. */
  readonly filesystems: readonly string[];
  readonly namespaces: readonly string[];
  readonly security: {
    readonly seccomp: boolean;
    readonly apparmor: boolean;
    readonly selinux: boolean;
  };
  readonly quota: {
    /** The kernel has disk quotas at all; whether it knows a file system's format shows when they are switched on. */
    readonly quotactl: boolean;
    readonly xfs: boolean;
    readonly btrfs: boolean;
  };
  readonly network: {
    readonly ipv4Forwarding: boolean;
    readonly ipv6: boolean;
    /** Filtering of bridged frames (br_netfilter); undefined: the module is not loaded. */
    readonly bridgeNfIptables: boolean | undefined;
    readonly bridgeNfIp6tables: boolean | undefined;
  };
  /** Versions of host programs; absent ones are left out. */
  readonly tools: Readonly<Record<string, string>>;
}

/** What containers can be limited in here: the fields of `docker info`. */
export interface ResourceSupport {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly kernelMemoryTcp: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuCfsQuota: boolean;
  readonly cpuShares: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blkioWeight: boolean;
  readonly blkioThrottle: boolean;
  readonly devices: boolean;
  readonly hugetlb: boolean;
}

const TOOLS: Readonly<Record<string, readonly string[]>> = {
  ip: ['-V'],
  nft: ['--version'],
  nsenter: ['--version'],
  mount: ['--version'],
};

/** Probe the host. Reads files and asks a few programs for their version; changes nothing. */
export async function probeHost(): Promise<HostProbe> {
  const [cgroup, os, filesystems, namespaces, capabilities, security, quota, network, tools, isSystemd, initial] =
    await Promise.all([
      readCgroupHierarchy(),
      readOsRelease(),
      readFilesystems(),
      readdir('/proc/self/ns'),
      readBoundingCapabilities(),
      probeSecurity(),
      probeQuota(),
      probeNetwork(),
      probeTools(),
      exists('/run/systemd/system'),
      isInitialUserNamespace(),
    ]);
  return {
    kernelVersion: release(),
    ...os,
    architecture: process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : process.arch,
    hostname: hostname(),
    cpus: availableParallelism(),
    memory: totalmem(),
    cgroup,
    limits: await probeLimits(cgroup),
    isSystemd,
    isInitialUserNamespace: initial,
    capabilities,
    filesystems,
    namespaces: namespaces.filter((name) => !name.endsWith('_for_children')),
    security,
    quota,
    network,
    tools,
  };
}

/** Which limits the mounted controllers offer. */
export async function probeLimits(cgroup: CgroupHierarchy): Promise<ResourceSupport> {
  if (cgroup.mode === 'v2') {
    const has = (name: string): boolean => cgroup.unifiedControllers.includes(name);
    const swap = has('memory') && (await exists('/proc/swaps'));
    return {
      memory: has('memory'),
      swap,
      kernelMemoryTcp: false,
      oomKillDisable: false,
      cpuCfsQuota: has('cpu'),
      cpuShares: has('cpu'),
      cpuRealtime: false,
      cpuset: has('cpuset'),
      pids: has('pids'),
      blkioWeight: has('io'),
      blkioThrottle: has('io'),
      // cgroup2 controls devices by BPF programs, whatever is mounted.
      devices: true,
      hugetlb: has('hugetlb'),
    };
  }
  const file = async (controller: string, name: string): Promise<boolean> => {
    const point = cgroup.controllers.get(controller);
    return point !== undefined && (await exists(join(point, name)));
  };
  const [swap, tcp, oom, quota, shares, realtime, weight, bfqWeight, throttle] = await Promise.all([
    file('memory', 'memory.memsw.limit_in_bytes'),
    file('memory', 'memory.kmem.tcp.limit_in_bytes'),
    file('memory', 'memory.oom_control'),
    file('cpu', 'cpu.cfs_quota_us'),
    file('cpu', 'cpu.shares'),
    file('cpu', 'cpu.rt_runtime_us'),
    file('blkio', 'blkio.weight'),
    file('blkio', 'blkio.bfq.weight'),
    file('blkio', 'blkio.throttle.read_bps_device'),
  ]);
  return {
    memory: cgroup.controllers.has('memory'),
    swap,
    kernelMemoryTcp: tcp,
    oomKillDisable: oom,
    cpuCfsQuota: quota,
    cpuShares: shares,
    cpuRealtime: realtime,
    cpuset: cgroup.controllers.has('cpuset'),
    pids: cgroup.controllers.has('pids'),
    blkioWeight: weight || bfqWeight,
    blkioThrottle: throttle,
    devices: cgroup.controllers.has('devices'),
    hugetlb: cgroup.controllers.has('hugetlb'),
  };
}

async function readOsRelease(): Promise<{ operatingSystem: string; osVersion: string }> {
  const text = (await readTextIfExists('/etc/os-release')) ?? (await readTextIfExists('/usr/lib/os-release')) ?? '';
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { operatingSystem: value('PRETTY_NAME') || 'Linux', osVersion: value('VERSION_ID') };
}

async function readFilesystems(): Promise<string[]> {
  const text = (await readTextIfExists('/proc/filesystems')) ?? '';
  return text
    .split('\n')
    .map((line) => line.replace(/^nodev/, '').trim())
    .filter(Boolean);
}

async function probeSecurity(): Promise<HostProbe['security']> {
  const [actions, apparmor, selinux] = await Promise.all([
    readTextIfExists('/proc/sys/kernel/seccomp/actions_avail'),
    readTextIfExists('/sys/module/apparmor/parameters/enabled'),
    exists('/sys/fs/selinux/enforce'),
  ]);
  return { seccomp: actions !== undefined, apparmor: apparmor?.trim() === 'Y', selinux };
}

async function probeQuota(): Promise<HostProbe['quota']> {
  const [quotactl, xfs, btrfs] = await Promise.all([
    exists('/proc/sys/fs/quota'),
    exists('/proc/fs/xfs/xqm'),
    exists('/sys/fs/btrfs/features'),
  ]);
  return { quotactl, xfs, btrfs };
}

async function probeNetwork(): Promise<HostProbe['network']> {
  const flag = async (path: string): Promise<boolean | undefined> => {
    const text = await readTextIfExists(path);
    return text === undefined ? undefined : text.trim() === '1';
  };
  const [forwarding, ipv6, nf4, nf6] = await Promise.all([
    flag('/proc/sys/net/ipv4/ip_forward'),
    exists('/proc/sys/net/ipv6'),
    flag('/proc/sys/net/bridge/bridge-nf-call-iptables'),
    flag('/proc/sys/net/bridge/bridge-nf-call-ip6tables'),
  ]);
  return { ipv4Forwarding: forwarding ?? false, ipv6, bridgeNfIptables: nf4, bridgeNfIp6tables: nf6 };
}

async function probeTools(): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(TOOLS).map(async ([name, args]): Promise<[string, string][]> => {
      const result = await exec(name, args, { allowFailure: true, timeout: 5000 }).catch(() => undefined);
      const version = /\d+\.\d+(?:\.\d+)*/.exec(`${result?.stdout}${result?.stderr}`)?.[0];
      return result && version !== undefined ? [[name, version]] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
