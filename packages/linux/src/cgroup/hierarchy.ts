import { join } from 'node:path';
import { readTextIfExists } from '@pouch/base';
import { type MountInfo, readMounts } from '../mounts.ts';

/** `v1`: every controller has its own hierarchy; `hybrid`: v1 with a cgroup2 beside; `v2`: cgroup2 alone. */
export type CgroupMode = 'v1' | 'hybrid' | 'v2';

export interface CgroupHierarchy {
  readonly mode: CgroupMode;
  /** Mount point of cgroup2: the root in v2, `unified` in hybrid. */
  readonly unified: string | undefined;
  /** v1 controller → mount point of its hierarchy. */
  readonly controllers: ReadonlyMap<string, string>;
  /** v1 named hierarchies: `systemd` → mount point. */
  readonly named: ReadonlyMap<string, string>;
  /** Controllers that cgroup2 offers at its root. */
  readonly unifiedControllers: readonly string[];
}

const V1_CONTROLLERS = new Set([
  'cpuset',
  'cpu',
  'cpuacct',
  'blkio',
  'memory',
  'devices',
  'freezer',
  'net_cls',
  'perf_event',
  'net_prio',
  'hugetlb',
  'pids',
  'rdma',
  'misc',
]);

/** How control groups are mounted, as this process sees it. */
export async function readCgroupHierarchy(): Promise<CgroupHierarchy> {
  const mounts = await readMounts();
  const hierarchy = hierarchyOf(mounts);
  const offered = hierarchy.unified ? await readTextIfExists(join(hierarchy.unified, 'cgroup.controllers')) : undefined;
  return { ...hierarchy, unifiedControllers: (offered ?? '').trim().split(/\s+/).filter(Boolean) };
}

/** The pure part: from a mount table, without what cgroup2 offers. */
export function hierarchyOf(mounts: readonly MountInfo[]): CgroupHierarchy {
  const controllers = new Map<string, string>();
  const named = new Map<string, string>();
  let unified: string | undefined;
  for (const mount of mounts) {
    if (mount.fsType === 'cgroup2') unified ??= mount.mountPoint;
    if (mount.fsType !== 'cgroup') continue;
    for (const option of mount.superOptions) {
      if (option.startsWith('name=')) keepFirst(named, option.slice(5), mount.mountPoint);
      else if (V1_CONTROLLERS.has(option)) keepFirst(controllers, option, mount.mountPoint);
    }
  }
  const mode = controllers.size === 0 && unified !== undefined ? 'v2' : unified === undefined ? 'v1' : 'hybrid';
  return { mode, unified, controllers, named, unifiedControllers: [] };
}

/** Like containers' own mounts of the same hierarchy elsewhere: the first in the table is the host's. */
function keepFirst(map: Map<string, string>, key: string, value: string): void {
  const old = map.get(key);
  if (old === undefined || !old.startsWith('/sys/fs/cgroup')) {
    if (old === undefined || value.startsWith('/sys/fs/cgroup')) map.set(key, value);
  }
}
