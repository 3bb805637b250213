import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  background,
  errnoCode,
  errorMessage,
  exec,
  isErrorCode,
  type Logger,
  PouchError,
  sleep,
  withDeadline,
} from '@pouch/base';
import type { ContainerdClient, Mount, ProcessIo, TaskExitInfo } from '@pouch/containerd';
import { packRuncOptions } from '@pouch/containerd';
import { unmountTree } from '@pouch/linux';
import type { RuntimeSpec } from '@pouch/oci';
import { killMakers, type MakerScope, shimContainers } from './maker-processes.ts';
import { SeccompCache } from './seccomp-cache.ts';

/** An OCI runtime with runc's command line. */
export interface RuntimeDefinition {
  readonly name: string;
  /** Its executable, by name or path. */
  readonly binary: string;
}

export interface TaskRuntimeOptions {
  /** Where runtimes keep their own state; under it a directory per containerd namespace. */
  readonly runtimeRoot: string;
  /** containerd's state directory, for what a crash leaves there; undefined when containerd is not ours. */
  readonly containerdState?: string | undefined;
  readonly systemdCgroup: boolean;
  /** Where compiled seccomp programs are kept. */
  readonly seccompCache: string;
  readonly runtimes: ReadonlyMap<string, RuntimeDefinition>;
}

export interface TaskRequest {
  readonly id: string;
  readonly runtime: string;
  readonly spec: RuntimeSpec;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly rootfs: readonly Mount[];
  readonly io: ProcessIo;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  /** Directory of CRIU's images to go on from. */
  readonly checkpoint?: string;
}

/** A container's task in containerd: made whole, or not at all; and taken away whole, whatever state a crash left it in. */
export class TaskRuntime {
  readonly #options: TaskRuntimeOptions;
  readonly #containerd: ContainerdClient;
  readonly #logger: Logger;
  readonly #seccomp: SeccompCache;

  /** Directory below which runtimes keep the state of their runs. */
  get runtimeRoot(): string {
    return this.#options.runtimeRoot;
  }

  constructor(options: TaskRuntimeOptions, dependencies: { containerd: ContainerdClient; logger: Logger }) {
    this.#options = options;
    this.#containerd = dependencies.containerd;
    this.#logger = dependencies.logger;
    this.#seccomp = new SeccompCache(options.seccompCache);
  }

  runtime(name: string): RuntimeDefinition {
    const runtime = this.#options.runtimes.get(name);
    if (!runtime) {
      const known = [...this.#options.runtimes.keys()].join(', ');
      throw new PouchError('invalid-argument', `unknown or invalid runtime name: ${name} (this daemon has: ${known})`);
    }
    return runtime;
  }

  /**
   * Record and task, the process made but not started. Resolves with its host process id. What stands in the way from a
   * crash is taken away first; when containerd dies under the call, it is done again once containerd is back.
   */
  async create(request: TaskRequest): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#createOnce(request);
      } catch (error) {
        await this.purge(request.id, request.runtime);
        if (attempt >= 3 || !this.#mayRetry(error)) throw error;
        this.#logger.warn('making a task failed; trying again', { container: request.id, error });
      }
    }
  }

  #mayRetry(error: unknown): boolean {
    return (
      isErrorCode(error, 'unavailable', 'already-exists', 'cancelled') ||
      /already exists|file exists/.test(errorMessage(error))
    );
  }

  async #createOnce(request: TaskRequest): Promise<number> {
    const { binary } = this.runtime(request.runtime);
    const { spec, learn } = this.#seccomp.apply(request.spec, binary);
    const options = packRuncOptions({
      binaryName: binary,
      root: this.#options.runtimeRoot,
      systemdCgroup: this.#options.systemdCgroup,
      ...(request.checkpoint !== undefined && { criuImagePath: request.checkpoint }),
    });
    await this.#containerd.containers.create({
      id: request.id,
      image: request.image,
      labels: request.labels,
      runtime: 'io.containerd.runc.v2',
      runtimeOptions: options,
      spec,
      snapshotter: request.snapshotter,
      snapshotKey: request.snapshotKey,
    });
    const pid = await this.#containerd.tasks.create({
      containerId: request.id,
      rootfs: request.rootfs,
      options,
      ...request.io,
    });
    if (learn !== undefined) {
      const state = join(this.#options.runtimeRoot, this.#containerd.namespace, request.id);
      background(this.#seccomp.learn(learn, state), (error) =>
        this.#logger.debug('a seccomp program was not kept', { error }),
      );
    }
    return pid;
  }

  async start(id: string): Promise<void> {
    try {
      await this.#containerd.tasks.start(id);
    } catch (error) {
      if (!isErrorCode(error, 'unavailable', 'cancelled')) throw error;
      // containerd went away under the call: the process may have been started all the same.
      const task = await this.#containerd.tasks.get(id);
      if (task.status === 'created') await this.#containerd.tasks.start(id);
    }
  }

  /** The ended task and its record. Resolves when the shim has written all output. */
  async deleteTask(id: string): Promise<TaskExitInfo | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#containerd.tasks.delete(id);
      } catch (error) {
        if (isErrorCode(error, 'not-found')) return undefined;
        if (attempt >= 5) throw error;
        await sleep(50 * attempt);
      }
    }
  }

  async deleteRecord(id: string): Promise<void> {
    await ignoreMissing(this.#containerd.containers.delete(id, { retryUnavailable: true }));
  }

  /** Take everything of a container's run away, from any state: task, record, shim, runtime's state, mounts. */
  async purge(id: string, runtime: string): Promise<void> {
    await this.#killTask(id);
    await this.deleteRecord(id);
    const { binary } = this.#options.runtimes.get(runtime) ?? { binary: runtime };
    const scope = this.#scope();
    await killMakers(id, scope);
    const root = scope.runtimeRoot;
    if ((await names(root)).includes(id)) {
      await exec(binary, ['--root', root, 'delete', '--force', id], { allowFailure: true });
    }
    await this.removeBundle(id);
  }

  async #killTask(id: string): Promise<void> {
    const { tasks } = this.#containerd;
    try {
      const task = await tasks.get(id);
      if (task.status !== 'stopped') {
        if (task.status === 'paused') await tasks.resume(id);
        await ignoreMissing(tasks.kill(id, 9, { all: true }));
        await withDeadline(tasks.wait(id), 10_000, `killing the task of ${id}`);
      }
      await this.deleteTask(id);
    } catch (error) {
      if (!isErrorCode(error, 'not-found'))
        this.#logger.warn('a leftover task could not be ended', { container: id, error });
    }
  }

  /**
   * Where the merged root file system of a container that runs is mounted, as its processes find it without their volumes;
   * undefined where that cannot be told: it is not mounted, or containerd is not ours.
   */
  async mountedRoot(id: string): Promise<string | undefined> {
    const bundles = this.#bundleRoot();
    if (bundles === undefined) return undefined;
    const rootfs = join(bundles, id, 'rootfs');
    try {
      const [root, bundle] = await Promise.all([lstat(rootfs), lstat(dirname(rootfs))]);
      return root.dev === bundle.dev ? undefined : rootfs;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Ids of containers that have a shim, whether containerd knows it or not. */
  async shims(): Promise<Set<string>> {
    return await shimContainers(this.#scope());
  }

  #scope(): MakerScope {
    const { namespace, address } = this.#containerd;
    return { namespace, address, runtimeRoot: join(this.#options.runtimeRoot, namespace) };
  }

  /** Directories of runs in containerd's state, by the container's id; a crash of containerd may leave them. */
  async bundles(): Promise<string[]> {
    const root = this.#bundleRoot();
    return root === undefined ? [] : await names(root);
  }

  /** Take one of `bundles()` away, whose task is known to be none. One that containerd was deleting begins with a dot. */
  async removeBundle(name: string): Promise<void> {
    const root = this.#bundleRoot();
    if (root === undefined) return;
    const bundle = join(root, name);
    await unmountTree(bundle);
    // Never delete below a root file system that is still mounted.
    await rmdir(join(bundle, 'rootfs')).catch((error: unknown) => {
      if (errnoCode(error) !== 'ENOENT') throw error;
    });
    await rm(bundle, { recursive: true, force: true });
  }

  #bundleRoot(): string | undefined {
    const { containerdState } = this.#options;
    if (containerdState === undefined) return undefined;
    return join(containerdState, 'io.containerd.runtime.v2.task', this.#containerd.namespace);
  }
}

async function names(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}

async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isErrorCode(error, 'not-found')) throw error;
  }
}
