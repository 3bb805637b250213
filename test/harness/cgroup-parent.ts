import { existsSync } from 'node:fs';
import type { ContainerInspect } from '@pouch/api';
import { type CgroupDriver, type CgroupPaths, cgroupPaths, cgroupsPath, readCgroupHierarchy } from '@pouch/linux';

/** What makes control groups on this host, as pouchd chooses it: systemd where there is nothing but version 2. */
export const CGROUP_DRIVER: CgroupDriver =
  existsSync('/run/systemd/system') && existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'systemd' : 'cgroupfs';

/** A name for what the control groups of one daemon's containers are below. */
export function cgroupParent(daemon: string): string {
  return CGROUP_DRIVER === 'systemd' ? `pouch_${daemon}.slice` : `/pouch-${daemon}`;
}

/** The control groups of a container below such a parent, as its runtime makes them. */
export async function containerCgroups(parent: string, container: ContainerInspect): Promise<CgroupPaths> {
  const path = cgroupsPath(CGROUP_DRIVER, container.Id, parent);
  return cgroupPaths(await readCgroupHierarchy(), path, container.HostConfig.Runtime);
}
