import type { ContainerConfig, EndpointSettings, HealthcheckResult, HostConfig, MountPoint } from '@pouch/api';
import type { Platform } from '@pouch/oci';

/**
 * What a container is in. `creating` and `removing` are steps that a crash can interrupt: reconciliation finishes them.
 * `starting` likewise: it ends as running, or as what it was with an error.
 */
export type ContainerStatus =
  | 'creating'
  | 'created'
  | 'starting'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'dead'
  | 'removing';

export interface ContainerState {
  status: ContainerStatus;
  /** Host process id of the container's init while it runs, else 0, with its start time in clock ticks to tell a reused id. */
  pid: number;
  exitCode: number;
  oomKilled: boolean;
  error: string;
  /** Nanoseconds since the epoch as decimal text; '' when it never happened. */
  startedAt: string;
  finishedAt: string;
  /** Starts by the restart policy since the last start by a user. */
  restartCount: number;
  /** Stopped by a user: the policies unless-stopped and on-failure leave it down. */
  manuallyStopped: boolean;
  health?: { status: 'starting' | 'healthy' | 'unhealthy'; failingStreak: number; log: HealthcheckResult[] };
}

/** A limit on disk space that the container has: its root file system (`/`), volumes by destination, or several together. */
export interface ContainerQuota {
  readonly id: number;
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly inodes?: number;
}

/** Everything durable about one container. Stored as JSON; every change of `state` is stored before it is acted on. */
export interface ContainerRecord {
  readonly id: string;
  name: string;
  /** Nanoseconds since the epoch, decimal. */
  readonly created: string;
  readonly imageId: string;
  /** As the user named it. */
  readonly imageReference: string;
  readonly manifestDigest: string;
  readonly chainId: string;
  readonly platform: Platform;
  /** User's config merged with the image's: final. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Networks it is to be attached to, by network name. */
  endpoints: Record<string, EndpointSettings>;
  path: string;
  args: string[];
  mounts: ContainerMount[];
  runtime: string;
  quotas?: ContainerQuota[];
  /** CPUs chosen for the present run, where the container leaves the choice to the daemon. */
  assignedCpus?: string;
  state: ContainerState;
}

/** A mount decided at create: what inspect shows, and what start needs besides. */
export interface ContainerMount extends MountPoint {
  /** A volume made for this container alone, removed with it on request. */
  readonly anonymous?: boolean;
  /** Copy the image's content into it on first use. */
  readonly copyUp?: boolean;
  /** Options for mount(2) beyond read-only and propagation: `size=…`, `mode=…`, `noexec`, … */
  readonly options?: readonly string[];
  /** A directory inside the volume. */
  readonly subpath?: string;
  /** Absent: as far as the host can; true: or fail; false: not. */
  readonly readOnlyRecursive?: boolean;
  /** Bind without what is mounted below the source. */
  readonly nonRecursive?: boolean;
  /** Make the source directory on the host at start when it is missing. */
  readonly createSource?: boolean;
}
