import type { Logger } from '@pouch/base';
import type { BuildkitdRegistry } from '@pouch/buildkit';
import type { ContainerdClient } from '@pouch/containerd';
import type { ImageService } from '../image/image-service.ts';
import type { NetworkManager } from '../network/network-manager.ts';

export interface BuildKitOptions {
  /** The executable; undefined where this host has none. */
  readonly binary: string | undefined;
  /** Milliseconds that a buildkitd which nobody needs goes on running; 0 for ever. */
  readonly idleTimeoutMs: number;
  /** Bytes that the cache may take; undefined without a limit. */
  readonly cacheLimit: number | undefined;
  /** The daemon's directories of what lasts and of what lives until the next boot. */
  readonly root: string;
  readonly state: string;
  /** Control group above those of the steps, as containers have it. */
  readonly cgroupParent: string;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  /** Executable of the OCI runtime for steps, asked at each start of buildkitd; and where it keeps its state. */
  readonly runtime: () => Promise<string>;
  readonly runtimeRoot: string;
  readonly snapshotter: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  /** Asked at each start of buildkitd. */
  readonly registries: () => Promise<readonly BuildkitdRegistry[]>;
  /** Address by which steps reach the host (`host-gateway`); undefined where there is none. */
  readonly hostGateway: () => Promise<string | undefined>;
}

export interface BuildKitDependencies {
  readonly containerd: ContainerdClient;
  readonly images: ImageService;
  readonly logger: Logger;
  readonly networks: Pick<NetworkManager, 'attach' | 'release'>;
  readonly runs: RunLeftovers;
}

/** What runs leave behind, containers' and others'. */
export interface RunLeftovers {
  /** Take everything of a run away: task, record, runtime's state, mounts. */
  purge(id: string): Promise<void>;
  /** Ids of what has a shim, whether containerd knows it or not. */
  shims(): Promise<ReadonlySet<string>>;
}
