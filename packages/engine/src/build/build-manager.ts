import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildCache as BuildCacheItem, BuildPruneResponse } from '@pouch/api';
import { background, isErrorCode, type Logger } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import { hostPlatform } from '@pouch/oci';
import type { ContainerService } from '../container/container-service.ts';
import { RootfsMounts } from '../container/filesystem/rootfs-mounts.ts';
import { WorkerPool } from '../container/filesystem/worker-pool.ts';
import type { ImageAssembler } from '../image/image-assembly.ts';
import type { ImageService } from '../image/image-service.ts';
import type { Database } from '../store/database.ts';
import type { VolumeService } from '../volume/volume-service.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { BUILD_LABEL } from './build-label.ts';
import type { BuildPruneOptions, BuildRequest, BuildService } from './build-service.ts';
import { BuildCache } from './cache/build-cache.ts';
import { choosePruned } from './cache/prune.ts';

export interface BuildManagerOptions {
  /** Pouch's root directory; contexts and layers on their way are below `build/` in it. */
  readonly root: string;
  /** Files of this boot: mounts. */
  readonly state: string;
  /** Bytes that the cache may take; undefined without a limit. */
  readonly cacheLimit: number | undefined;
}

export interface BuildManagerDependencies {
  readonly db: Database;
  readonly containerd: ContainerdClient;
  readonly containers: ContainerService;
  readonly images: ImageService & { readonly assembly: ImageAssembler };
  readonly volumes: VolumeService;
  readonly logger: Logger;
}

/** The engine's own builder. Its larger part is loaded with the first build. */
export class BuildManager implements BuildService, AsyncDisposable {
  readonly #env: BuildEnvironment;
  readonly #root: string;
  readonly #running = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  readonly #cacheLimit: number | undefined;
  #limiting = false;

  constructor(options: BuildManagerOptions, dependencies: BuildManagerDependencies) {
    const { db, containerd, images, logger } = dependencies;
    const directory = join(options.root, 'build');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const workers = new WorkerPool({ limit: 8, idleMs: 30_000, keep: 3 });
    this.#root = options.root;
    this.#cacheLimit = options.cacheLimit;
    this.#env = {
      directory,
      host: hostPlatform(),
      containerd,
      images,
      containers: dependencies.containers,
      cache: new BuildCache({ db, containerd, imageLayers: async () => await images.assembly.layerDigests() }),
      mounts: new RootfsMounts(
        { directory: join(options.state, 'build') },
        { volumes: dependencies.volumes, workers, logger },
      ),
      workers,
      logger,
      pathHashes: new Map(),
    };
  }

  async build(request: BuildRequest): Promise<string> {
    const { runBuild } = await import('./build-run.ts');
    const signal = AbortSignal.any([request.signal, this.#stop.signal]);
    const work = runBuild({ ...request, signal }, this.#env);
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
      background(this.#keepToLimit(), (error) =>
        this.#env.logger.warn('the build cache could not be limited', { error }),
      );
    }
  }

  async prune(options: BuildPruneOptions): Promise<BuildPruneResponse> {
    const { cache } = this.#env;
    const chosen = await choosePruned(await cache.items(), options, this.#root);
    const keys = new Set(chosen.map(({ ID }) => ID));
    // A build may have begun to use one meanwhile.
    const records = cache.records().filter(({ key }) => keys.has(key) && !cache.isInUse(key));
    await cache.remove(records);
    const left = new Set(cache.records().map(({ layer }) => layer));
    const freed = new Map(records.filter(({ layer }) => !left.has(layer)).map(({ layer, size }) => [layer, size]));
    return {
      CachesDeleted: records.map(({ key }) => key),
      SpaceReclaimed: [...freed.values()].reduce((sum, size) => sum + size, 0),
    };
  }

  /** Take the cache back below its limit: first what no image has, and of that what was not used for longest. */
  async #keepToLimit(): Promise<void> {
    const { cache, logger } = this.#env;
    const limit = this.#cacheLimit;
    if (limit === undefined || this.#limiting) return;
    this.#limiting = true;
    try {
      for (const all of [false, true]) {
        if (cache.size() <= limit) return;
        const { CachesDeleted, SpaceReclaimed } = await this.prune({ all, maxUsedSpace: limit, filters: {} });
        logger.info('the build cache was over its limit', {
          removed: CachesDeleted?.length ?? 0,
          bytes: SpaceReclaimed,
        });
      }
    } finally {
      this.#limiting = false;
    }
  }

  async usage(): Promise<BuildCacheItem[]> {
    return await this.#env.cache.items();
  }

  /** At start, once containers are known: what builds of the last daemon left behind goes. */
  async reconcile(): Promise<void> {
    const { containers, logger, directory, mounts, cache } = this.#env;
    const left = await containers.list({ all: true, filters: { label: [`${BUILD_LABEL}=step`] } });
    for (const { Id } of left) {
      try {
        await containers.remove(Id, { force: true, volumes: true });
      } catch (error) {
        if (!isErrorCode(error, 'not-found')) logger.warn('a container of a build stays', { container: Id, error });
      }
    }
    await mounts.cleanup();
    await rm(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await cache.reconcile();
  }

  /** End what is being built. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
    this.#env.workers[Symbol.dispose]();
    await this.#env.mounts.cleanup();
  }
}
