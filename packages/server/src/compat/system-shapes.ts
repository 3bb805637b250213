import type { SystemDataUsage, SystemInfo } from '@pouch/api';
import { adaptContainerSummary } from './container-shapes.ts';
import { adaptImageSummary } from './image-shapes.ts';

/** The version that brought, or took away, a field. */
const USAGE_OBJECTS = 52;
const DISCOVERED_DEVICES = 50;
const FIREWALL_BACKEND = 49;
const CONTAINERD = 46;
const NO_EXPECTED_COMMITS = 50;
const NO_KERNEL_MEMORY = 42;

/** What `info` tells clients of an older version. */
export function adaptInfo(info: SystemInfo, version: number): SystemInfo {
  const { Containerd, DiscoveredDevices, FirewallBackend, ...rest } = info;
  return {
    ...rest,
    ...(Containerd && version >= CONTAINERD && { Containerd }),
    ...(DiscoveredDevices && version >= DISCOVERED_DEVICES && { DiscoveredDevices }),
    ...(FirewallBackend && version >= FIREWALL_BACKEND && { FirewallBackend }),
    ...(version < NO_KERNEL_MEMORY && {
      KernelMemory: info.KernelMemory ?? false,
      KernelMemoryTCP: info.KernelMemoryTCP ?? false,
    }),
    ...(version < NO_EXPECTED_COMMITS && {
      ContainerdCommit: expected(info.ContainerdCommit),
      RuncCommit: expected(info.RuncCommit),
      InitCommit: expected(info.InitCommit),
    }),
  };
}

function expected(commit: SystemInfo['RuncCommit']): SystemInfo['RuncCommit'] {
  return { ...commit, Expected: commit.Expected ?? commit.ID };
}

/** Disk use as clients of this version expect it. */
export function adaptDiskUsage(usage: SystemDataUsage, version: number): SystemDataUsage {
  if (version >= USAGE_OBJECTS) return usage;
  const { ImageUsage: _i, ContainerUsage: _c, VolumeUsage: _v, BuildCacheUsage: _b, ...lists } = usage;
  return {
    ...lists,
    ...(lists.Images && { Images: lists.Images.map((image) => adaptImageSummary(image, version, false)) }),
    ...(lists.Containers && {
      Containers: lists.Containers.map((container) => adaptContainerSummary(container, version)),
    }),
  };
}
