import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { exec, KeyedMutex, type Logger, PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { bindMount, mount, mountsBelow, readMounts, resolveInRoot, setPropagation, unmountTree } from '@pouch/linux';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { Container } from '../container.ts';
import type { ContainerMount } from '../container-record.ts';
import { HeldDirectory } from './held-directory.ts';
import { mountLayers, mountSnapshot } from './layered-view.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface RootfsMountsOptions {
  /** Everything is mounted below it, and everything mounted below it is ours. */
  readonly directory: string;
}

export interface RootfsMountsDependencies {
  readonly volumes: VolumeService;
  readonly workers: WorkerPool;
  readonly logger: Logger;
}

/** A mounted tree; disposing it lets go of it. */
export interface MountedTree extends AsyncDisposable {
  readonly path: string;
}

interface Shared {
  readonly path: string;
  users: number;
  readonly ended: PromiseWithResolvers<void>;
}

/** File systems of stopped containers, mounted while somebody looks into them. */
export class RootfsMounts {
  readonly #options: RootfsMountsOptions;
  readonly #dependencies: RootfsMountsDependencies;
  readonly #mutex = new KeyedMutex();
  readonly #shared = new Map<string, Shared>();
  #prepared: Promise<void> | undefined;

  constructor(options: RootfsMountsOptions, dependencies: RootfsMountsDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** The container's snapshot with its volumes and binds in place; one mount for all who use it at the same time. */
  async use(container: Container, snapshot: readonly Mount[]): Promise<MountedTree> {
    const shared = await this.#mutex.run(container.id, async () => {
      const known = this.#shared.get(container.id);
      if (known) {
        known.users += 1;
        return known;
      }
      const path = await this.#mount(container.id, async (target) => {
        await mountSnapshot(snapshot, target);
        await this.#mountVolumes(container, target);
      });
      const made = { path, users: 1, ended: Promise.withResolvers<void>() };
      this.#shared.set(container.id, made);
      return made;
    });
    return this.#tree(shared.path, async () => {
      await this.#mutex.run(container.id, async () => {
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#shared.delete(container.id);
        await this.#unmount(shared.path);
        await this.#unmountVolumes(container);
        shared.ended.resolve();
      });
    });
  }

  /** Layers as one tree, read-only, without anything mounted on it. */
  async view(id: string, layers: readonly string[], options: readonly string[] = []): Promise<MountedTree> {
    return await this.#own(id, async (target) => await mountLayers(layers, target, options));
  }

  /** A snapshot alone, to be written to by nobody else meanwhile. */
  async writable(id: string, snapshot: readonly Mount[]): Promise<MountedTree> {
    return await this.#own(id, async (target) => await mountSnapshot(snapshot, target));
  }

  /** A snapshot alone, read-only, for a snapshotter whose snapshots are no directories. */
  async snapshot(id: string, snapshot: readonly Mount[]): Promise<MountedTree> {
    return await this.#own(id, async (target) => {
      await mountSnapshot(snapshot, target);
      await mount({ target, options: ['remount', 'bind', 'ro'] });
    });
  }

  /** Resolves when nobody has the container's file system mounted for writing. */
  async whenIdle(id: string): Promise<void> {
    for (;;) {
      const shared = await this.#mutex.run(id, async () => this.#shared.get(id));
      if (!shared) return;
      await shared.ended.promise;
    }
  }

  /** Unmount whatever is below the directory: what a crash left, or what is in use. Returns how many mounts there were. */
  async cleanup(): Promise<number> {
    const { directory } = this.#options;
    const mounted = await this.#unmountPrivately(directory);
    this.#prepared = undefined;
    // Never recursively: should a mount have stayed, what is in it is somebody's data.
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      await (entry.isDirectory() ? rmdir(path) : unlink(path)).catch((error: unknown) => {
        this.#dependencies.logger.debug('a mount point is still in use', { path, error });
      });
    }
    await rmdir(directory).catch(() => {});
    return mounted.length;
  }

  async #own(id: string, fill: (target: string) => Promise<void>): Promise<MountedTree> {
    const path = await this.#mount(id, fill);
    return this.#tree(path, async () => await this.#unmount(path));
  }

  #tree(path: string, release: () => Promise<void>): MountedTree {
    let held = true;
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        if (!held) return;
        held = false;
        await release();
      },
    };
  }

  async #mount(id: string, fill: (target: string) => Promise<void>): Promise<string> {
    await (this.#prepared ??= this.#prepare());
    const target = join(this.#options.directory, `${id.slice(0, 12)}-${randomBytes(4).toString('hex')}`);
    await mkdir(target, { mode: 0o700 });
    try {
      await fill(target);
      return target;
    } catch (error) {
      await this.#unmount(target);
      throw error;
    }
  }

  /** Private, so that no container that shares the host's mounts gets to see, and to hold, another's file system. */
  async #prepare(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await bindMount(directory, directory);
    await setPropagation(directory, 'private');
  }

  async #unmount(target: string): Promise<void> {
    try {
      await this.#unmountPrivately(target);
      await rmdir(target);
    } catch (error) {
      this.#dependencies.logger.warn('a mounted file system could not be unmounted', { path: target, error });
    }
  }

  /** Outer destinations first, so that an inner one lands on it. */
  async #mountVolumes(container: Container, target: string): Promise<void> {
    const mounts = container.record.mounts.filter(({ Type: type }) => type === 'bind' || type === 'volume');
    const depth = ({ Destination: path }: ContainerMount): number =>
      posix.normalize(path).split('/').filter(Boolean).length;
    for (const each of mounts.toSorted((a, b) => depth(a) - depth(b))) {
      const source = await this.#source(container, each);
      if (source === undefined) continue;
      await this.#mountInside(target, each, source);
    }
  }

  /**
   * The source is bound beside the tree first, cut off from the host's mounts there, and then moved into its place: as a peer
   * of a shared mount it would carry what is mounted on it, and the unmounting of all below it, back to the host.
   */
  async #mountInside(target: string, each: ContainerMount, source: string): Promise<void> {
    const { Destination: path, RW: writable, nonRecursive } = each;
    const directory = (await stat(source)).isDirectory();
    const staging = `${target}.bind`;
    if (directory) await mkdir(staging, { mode: 0o700 });
    else await writeFile(staging, '');
    try {
      await mount({
        source,
        target: staging,
        options: [nonRecursive ? 'bind' : 'rbind', nonRecursive ? 'private' : 'rprivate'],
      });
      if (!writable) await mount({ target: staging, options: ['remount', 'bind', 'ro'] });
      using root = new HeldDirectory(target);
      await this.#dependencies.workers.run(undefined, async (worker) => {
        // The destination may lead through symlinks, and through a volume that others are writing to.
        const { descriptor } = await worker.call('openMountPoint', { root: root.descriptor, path, directory });
        try {
          await exec('mount', ['-n', '--no-canonicalize', '--move', staging, `/proc/${process.pid}/fd/${descriptor}`]);
        } finally {
          await worker.call('release', {});
        }
      });
    } finally {
      await this.#unmountPrivately(staging);
      await (directory ? rmdir(staging) : unlink(staging)).catch(() => {});
    }
  }

  /** Unmount what may, by a failure or a crash half-way, still be a peer of the host's mounts. */
  async #unmountPrivately(directory: string): Promise<string[]> {
    const mounted = mountsBelow(await readMounts(), directory);
    if (mounted.some(({ propagation }) => propagation.length > 0)) {
      for (const { mountPoint } of mounted) await setPropagation(mountPoint, 'private');
    }
    return mounted.length === 0 ? [] : await unmountTree(directory);
  }

  async #source(container: Container, each: ContainerMount): Promise<string | undefined> {
    if (each.Type === 'bind') return (await stat(each.Source).catch(() => undefined)) && each.Source;
    if (!each.Name) return undefined;
    const { path } = await this.#dependencies.volumes.mount(each.Name, borrower(container));
    if (!each.subpath) return path;
    const inner = await resolveInRoot(path, each.subpath);
    if (inner !== path && !inner.startsWith(`${path}/`))
      throw new PouchError('invalid-argument', 'A subpath leads out of its volume.');
    return inner;
  }

  async #unmountVolumes(container: Container): Promise<void> {
    for (const { Type: type, Name: name } of container.record.mounts) {
      if (type !== 'volume' || !name) continue;
      await this.#dependencies.volumes.unmount(name, borrower(container)).catch((error: unknown) => {
        this.#dependencies.logger.warn('a volume could not be unmounted', { volume: name, error });
      });
    }
  }
}

/** A name of its own towards volumes: the container itself may be started meanwhile and mount and unmount them too. */
function borrower(container: Container): string {
  return `${container.id}-files`;
}
