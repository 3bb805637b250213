import type { SystemDataUsage, SystemInfo } from '@pouch/api';
import { adaptImageSummary } from './image-shapes.ts';

/** The first version with an object of sums for each type. */
const USAGE_OBJECTS = 52;

/** What `info` tells, with the commit that each part once was expected to be. */
export function adaptInfo(info: SystemInfo): SystemInfo {
  return {
    ...info,
    ContainerdCommit: expected(info.ContainerdCommit),
    RuncCommit: expected(info.RuncCommit),
    InitCommit: expected(info.InitCommit),
  };
}

function expected(commit: SystemInfo['RuncCommit']): SystemInfo['RuncCommit'] {
  return { ...commit, Expected: commit.Expected ?? commit.ID };
}

/**
 * Disk use as clients of this version expect it: the items in lists of their own, and since 1.52 sums beside them; with
 * `verbose`, which only newer clients know, those alone.
 */
export function adaptDiskUsage(usage: SystemDataUsage, version: number, verbose: boolean): SystemDataUsage {
  const { LayersSize, Images, Containers, Volumes, BuildCache, ...sums } = usage;
  if (version >= USAGE_OBJECTS && verbose) return sums;
  // In every version the containers of each image are counted here, though they are not in the list.
  const images = Images?.map((image) => ({
    ...adaptImageSummary(image, version, false),
    Containers: image.Containers,
  }));
  return {
    ...(LayersSize !== undefined && { LayersSize }),
    ...(images && { Images: images }),
    ...(Containers && { Containers }),
    ...(Volumes && { Volumes }),
    ...(BuildCache && { BuildCache }),
    ...sums,
  };
}
