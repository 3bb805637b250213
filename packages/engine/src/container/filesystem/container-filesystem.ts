import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerChange } from '@pouch/api';
import { isErrorCode, type Logger, PouchError } from '@pouch/base';
import type { ContainerdClient, Mount } from '@pouch/containerd';
import { lookUpUser, parseGroup, parsePasswd } from '@pouch/linux';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { Container } from '../container.ts';
import type { ArchiveStat } from '../container-service.ts';
import { layersOf } from '../spec/rootfs-view.ts';
import { compareWithImage } from './compare-with-image.ts';
import { checkWritable, cleanPath, fileNotFound } from './container-path.ts';
import { decompress } from './decompress.ts';
import { feed } from './feed.ts';
import type { FileWorker } from './file-worker.ts';
import { HeldDirectory } from './held-directory.ts';
import { viewOptions } from './layered-view.ts';
import { type MountedTree, RootfsMounts } from './rootfs-mounts.ts';
import { holdRunningRoot } from './running-root.ts';
import { type ContainerSizes, SnapshotSizes } from './snapshot-sizes.ts';
import { sourceStream } from './source-stream.ts';
import { WorkerPool } from './worker-pool.ts';

export interface ContainerFilesystemOptions {
  /** A directory for temporary mounts; all that is mounted below it is ours, and unmounted by `cleanup`. */
  readonly mountRoot: string;
  /** A directory for small temporary files. Default: beside the mounts. */
  readonly stateDir?: string;
  /** Threads at work in containers' files at the same time. Default 8. */
  readonly threads?: number;
}

export interface ContainerFilesystemDependencies {
  readonly containerd: ContainerdClient;
  readonly volumes: VolumeService;
  readonly logger: Logger;
  /** Brings back what a snapshot stands on, before it is mounted. */
  readonly prepareRoot?: (container: Container, snapshot: readonly Mount[]) => Promise<void>;
}

export interface PutArchiveOptions {
  readonly noOverwriteDirNonDir: boolean;
  /** All that is extracted belongs to the container's user. */
  readonly copyUIDGID: boolean;
  readonly signal: AbortSignal;
}

/** A container's root directory while it may be used. */
export interface RootfsHandle {
  /** Leads into it from this process and, run as root, from programs that it starts. Its content is hostile. */
  readonly path: string;
  /** Seen through the container's own process, with all that is mounted there. */
  readonly running: boolean;
}

/**
 * Access to the files of containers, running or not (`docker cp`, `export`, `diff` and sizes). A running container's are those that
 * its process sees; a stopped one's snapshot is mounted for as long as somebody looks. Their content is hostile throughout:
 * see `worker/confined-walk.ts` for lookups, `worker/extractor.ts` for writing, `tar-producer.ts` for reading.
 */
export class ContainerFilesystem {
  readonly #options: ContainerFilesystemOptions;
  readonly #dependencies: ContainerFilesystemDependencies;
  readonly #workers: WorkerPool;
  readonly #mounts: RootfsMounts;
  readonly #sizes: SnapshotSizes;

  constructor(options: ContainerFilesystemOptions, dependencies: ContainerFilesystemDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#workers = new WorkerPool({ limit: options.threads ?? 8, idleMs: 30_000 });
    this.#mounts = new RootfsMounts(
      { directory: join(options.mountRoot, 'mounts') },
      { ...dependencies, workers: this.#workers },
    );
    this.#sizes = new SnapshotSizes(dependencies.containerd.snapshots);
  }

  /** What a path is, a symlink in its last place not followed (Docker's X-Docker-Container-Path-Stat). */
  async statPath(container: Container, path: string, signal?: AbortSignal): Promise<ArchiveStat> {
    const clean = cleanPath(path);
    return await this.#naming(container, path, () =>
      this.#withRoot(container, async (root) =>
        this.#workers.run(signal, async (worker) => worker.call('stat', { root: root.descriptor, path: clean })),
      ),
    );
  }

  /** A path as a tar archive whose names begin with its last component. What it holds open is let go when the stream ends, or on abort. */
  async getArchive(
    container: Container,
    path: string,
    signal: AbortSignal,
  ): Promise<{ stat: ArchiveStat; tar: AsyncIterable<Uint8Array> }> {
    const clean = cleanPath(path);
    return await this.#naming(container, path, async () => {
      const resources = new AsyncDisposableStack();
      const { root } = await this.#root(container, resources);
      return await sourceStream(
        { root, path: clean, resources, signal },
        { workers: this.#workers, ...this.#dependencies },
      );
    });
  }

  /** Extract an archive (plain, gzip, zstd, bzip2 or xz) into a directory that exists. */
  async putArchive(
    container: Container,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: PutArchiveOptions,
  ): Promise<void> {
    const clean = cleanPath(path);
    const { signal } = options;
    const warnings = await this.#withRoot(container, async (root) =>
      this.#workers.run(signal, async (worker) => {
        const scratch = await this.#scratch();
        const owner = options.copyUIDGID ? await this.#containerUser(container, worker, root) : undefined;
        const { resolved } = await this.#naming(container, path, () =>
          worker.call('extractBegin', { root: root.descriptor, path: clean }),
        );
        checkWritable(container, resolved);
        const { noOverwriteDirNonDir } = options;
        await worker.call('extractStart', { noOverwriteDirNonDir, ...(owner && { owner }), scratch });
        await feed(worker, decompress(tar, signal));
        return (await worker.call('extractEnd', {})).warnings;
      }),
    );
    for (const warning of warnings) this.#dependencies.logger.warn(warning, { container: container.id });
  }

  /** The root file system as a tar archive, without what is mounted in it. */
  async *exportFilesystem(container: Container, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    await using resources = new AsyncDisposableStack();
    const snapshot = await this.#snapshot(container);
    const tree = resources.use(await this.#view(container.id, snapshot));
    const root = resources.use(new HeldDirectory(tree.path));
    const { tar } = await sourceStream(
      { root, path: '/', resources: resources.move(), signal, listed: true },
      { workers: this.#workers, ...this.#dependencies },
    );
    yield* tar;
  }

  /** What the container changed against its image (`docker diff`). */
  async changes(container: Container, signal?: AbortSignal): Promise<ContainerChange[]> {
    const snapshot = await this.#snapshot(container);
    const { containerd } = this.#dependencies;
    return await compareWithImage(container.snapshotKey, snapshot, {
      containerd,
      mounts: this.#mounts,
      workers: this.#workers,
      signal,
    });
  }

  async sizes(container: Container): Promise<ContainerSizes> {
    return await this.#sizes.of(container.snapshotKey);
  }

  /** Use the root directory, volumes in their places, as long as `use` runs. */
  async withRootfs<T>(container: Container, use: (root: RootfsHandle) => Promise<T>): Promise<T> {
    return await this.#withRoot(container, async (root, running) => use({ path: root.path, running }));
  }

  /**
   * Resolves when nobody has a stopped container's file system mounted for writing: before it is started or removed, for two
   * writable mounts of one overlay corrupt each other.
   */
  async whenIdle(containerId: string): Promise<void> {
    await this.#mounts.whenIdle(containerId);
  }

  /** Unmount and remove whatever is left below the directories: of a crash when called at start. */
  async cleanup(): Promise<void> {
    this.#workers[Symbol.dispose]();
    const count = await this.#mounts.cleanup();
    await rm(this.#scratchPath, { recursive: true, force: true });
    if (count > 1) this.#dependencies.logger.debug('unmounted what was left', { count });
  }

  get #scratchPath(): string {
    return join(this.#options.stateDir ?? this.#options.mountRoot, 'scratch');
  }

  async #scratch(): Promise<string> {
    await mkdir(this.#scratchPath, { recursive: true, mode: 0o700 });
    return this.#scratchPath;
  }

  async #snapshot(container: Container): Promise<readonly Mount[]> {
    container.rootfs ??= await this.#dependencies.containerd.snapshots.mounts(container.snapshotKey);
    await this.#dependencies.prepareRoot?.(container, container.rootfs);
    return container.rootfs;
  }

  async #view(id: string, snapshot: readonly Mount[]): Promise<MountedTree> {
    let layers: string[];
    try {
      layers = layersOf(snapshot);
    } catch (error) {
      if (!isErrorCode(error, 'unsupported')) throw error;
      return await this.#mounts.snapshot(id, snapshot);
    }
    return await this.#mounts.view(id, layers, viewOptions(snapshot));
  }

  /** The root directory, by descriptor; what it needs is added to `resources`, which is disposed of on failure. */
  async #root(
    container: Container,
    resources: AsyncDisposableStack,
  ): Promise<{ root: HeldDirectory; running: boolean }> {
    try {
      const snapshot = await this.#snapshot(container);
      const { pid } = container.state;
      const running = pid > 0 ? await holdRunningRoot(pid, snapshot) : undefined;
      if (running) return { root: resources.use(running), running: true };
      const tree = resources.use(await this.#mounts.use(container, snapshot));
      return { root: resources.use(new HeldDirectory(tree.path)), running: false };
    } catch (error) {
      await resources.disposeAsync();
      throw error;
    }
  }

  async #withRoot<T>(container: Container, use: (root: HeldDirectory, running: boolean) => Promise<T>): Promise<T> {
    await using resources = new AsyncDisposableStack();
    const { root, running } = await this.#root(container, resources);
    return await use(root, running);
  }

  async #containerUser(
    container: Container,
    worker: FileWorker,
    root: HeldDirectory,
  ): Promise<{ uid: number; gid: number } | undefined> {
    const user = container.record.config.User ?? '';
    if (user === '') return undefined;
    const read = async (path: string): Promise<string> => {
      try {
        return (await worker.call('readText', { root: root.descriptor, path })) ?? '';
      } catch (error) {
        if (isErrorCode(error, 'not-found', 'invalid-argument')) return '';
        throw error;
      }
    };
    const passwd = parsePasswd(await read('/etc/passwd'));
    const { uid, gid } = lookUpUser(passwd, parseGroup(await read('/etc/group')), user);
    return { uid, gid };
  }

  /** Errors about the path itself, in Docker's words. */
  async #naming<T>(container: Container, path: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if (isErrorCode(error, 'not-found') && error instanceof PouchError && error.message.startsWith('No such file')) {
        throw fileNotFound(container, path, error);
      }
      throw error;
    }
  }
}
