import type { SystemDataUsage, SystemInfo, SystemVersion } from '@pouch/api';

export type DiskUsageType = 'container' | 'image' | 'volume' | 'build-cache';

/** What this host and daemon are and can do. Shapes are those of the newest API version; the transport adapts older ones. */
export interface SystemService {
  info(): Promise<SystemInfo>;
  version(): Promise<SystemVersion>;
  /**
   * Disk use of the types asked for; an empty list asks for all. Fills the lists (`Images`, `Containers`, `Volumes`,
   * `BuildCache`, `LayersSize`) and, for API 1.52, the `…Usage` objects with sums. `signal` ends the counting.
   */
  diskUsage(types: readonly DiskUsageType[], signal: AbortSignal): Promise<SystemDataUsage>;
}
