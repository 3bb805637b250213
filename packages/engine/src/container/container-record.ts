import type { ContainerConfig, EndpointSettings, HealthcheckResult, HostConfig, MountPoint } from '@pouch/api';
import type { Platform } from '@pouch/oci';
import type { ImageInit } from './rich/rich-types.ts';

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
  /** What a container that is `starting` was before, and is shown as until it runs. */
  startsFrom?: ContainerStatus;
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
  imageId: string;
  /** As the user named it. */
  imageReference: string;
  manifestDigest: string;
  /** Absent in records of before they were kept. */
  manifestSize?: number;
  manifestType?: string;
  chainId: string;
  platform: Platform;
  /** User's config merged with the image's: final. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Networks it is to be attached to, by network name. */
  endpoints: Record<string, EndpointSettings>;
  /** Ids of the networks of the last run, by name: clients compare them also while the container does not run. */
  networkIds?: Record<string, string>;
  path: string;
  args: string[];
  mounts: ContainerMount[];
  runtime: string;
  quotas?: ContainerQuota[];
  /** CPUs chosen for it at its last start or update, where the container leaves the choice to the daemon. */
  assignedCpus?: string;
  /** Of a rich container: the init of its image that runs its command as a service. */
  init?: ImageInit;
  /** Its snapshot; the container's id until its first upgrade. */
  snapshotKey?: string;
  /** What it was before its last upgrade, kept until a time: milliseconds since the epoch. */
  previous?: { readonly generation: ContainerGeneration; readonly until: number };
  /** An upgrade under way. */
  upgrade?: ContainerUpgrade;
  state: ContainerState;
}

/** What of a container comes of its image, and its files. */
export type ContainerGeneration = Pick<
  ContainerRecord,
  | 'imageId'
  | 'imageReference'
  | 'manifestDigest'
  | 'chainId'
  | 'platform'
  | 'config'
  | 'path'
  | 'args'
  | 'mounts'
  | 'init'
  | 'manifestSize'
  | 'manifestType'
> & { readonly snapshotKey: string };

/**
 * `preparing`, `switching`: the record is of the old image, `other` is the new one. `watching`: the record is of the new
 * image, `other` is the old one. `rolling-back`: the record is of the old image again, `other` is the one that failed.
 */
export interface ContainerUpgrade {
  phase: 'preparing' | 'switching' | 'watching' | 'rolling-back';
  readonly other: ContainerGeneration;
  /** It ran when the upgrade began, and is to run at its end. */
  readonly running: boolean;
  /** `other` was kept from before, and stays kept when this fails. */
  readonly kept: boolean;
  /** Volumes made for the new image. */
  readonly volumes: readonly string[];
  /** Milliseconds. */
  readonly watch: number;
  /** Milliseconds since the epoch; 0 until it was started. */
  watchUntil?: number;
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
