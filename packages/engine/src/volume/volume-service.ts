import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumePruneResponse } from '@pouch/api';

/** A volume as a container uses it. */
export interface MountedVolume {
  readonly name: string;
  readonly driver: string;
  /** Where its content is on the host while it is mounted. */
  readonly path: string;
}

/** What API and containers ask of volumes. Errors: not-found, conflict (in use), invalid-argument, upstream (plugin). */
export interface VolumeService {
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** The volume of that name, made with the `local` driver (or the one given) when there is none. */
  ensure(name: string | undefined, options: VolumeEnsureOptions): Promise<Volume>;
  /** The container that a volume was claimed for is on record. */
  keep(name: string): Promise<void>;
  inspect(name: string): Promise<Volume>;
  list(filters: Readonly<Record<string, readonly string[]>>): Promise<VolumeListResponse>;
  /** `conflict` while a container refers to it. */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: Readonly<Record<string, readonly string[]>>): Promise<VolumePruneResponse>;
  /** Mount for a container that starts; the same container asks once per start. Idempotent per (name, containerId). */
  mount(name: string, containerId: string): Promise<MountedVolume>;
  /**
   * Mount a directory (or file) inside the volume, safe against symlinks that are swapped meanwhile. `unmount` of the volume
   * for that container takes it away too. Needs no `mount` before.
   */
  mountSubpath(name: string, containerId: string, subpath: string): Promise<MountedVolume>;
  unmount(name: string, containerId: string): Promise<void>;
  /**
   * Fill a mounted, empty volume with the image's content, once in its life. `source` is the directory in a mounted root
   * file system, or the parts that `RootfsView.directoryParts` names. Returns whether anything was copied.
   */
  copyUp(name: string, path: string, source: string | readonly string[]): Promise<boolean>;
  /** Bytes used, for `system df`; -1 where a driver cannot tell. */
  usage(name: string): Promise<number>;
  /** At start: drop mounts of containers that no longer run, take up those that do. */
  reconcile(liveContainerIds: ReadonlySet<string>): Promise<void>;
}

export interface VolumeEnsureOptions {
  readonly driver?: string;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Anonymous volumes are removed with their container under `rm -v` and `--rm`. */
  readonly anonymous?: boolean;
  /** It is for a container that is being made. Until `keep` is called, a start of the daemon removes it if no container has it. */
  readonly claimed?: boolean;
}
