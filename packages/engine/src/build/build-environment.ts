import type { Logger } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import type { Platform } from '@pouch/oci';
import type { ContainerService } from '../container/container-service.ts';
import type { RootfsMounts } from '../container/filesystem/rootfs-mounts.ts';
import type { WorkerPool } from '../container/filesystem/worker-pool.ts';
import type { ImageAssembler } from '../image/image-assembly.ts';
import type { ImageService } from '../image/image-service.ts';
import type { BuildCache } from './cache/build-cache.ts';

/** What every build works with. */
export interface BuildEnvironment {
  /** For contexts and layers on their way; on the file system of containerd's content. */
  readonly directory: string;
  readonly host: Platform;
  readonly containerd: ContainerdClient;
  readonly images: ImageService & { readonly assembly: ImageAssembler };
  readonly containers: ContainerService;
  readonly cache: BuildCache;
  readonly mounts: RootfsMounts;
  readonly workers: WorkerPool;
  readonly logger: Logger;
  /** Checksums of what was copied out of stages and images, by file system and path. */
  readonly pathHashes: Map<string, string>;
}
