import type {
  AuthConfig,
  Checkpoint,
  CheckpointCreateRequest,
  ContainerChange,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerPruneResponse,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerUpgradeRequest,
  ContainerUpgradeResponse,
  ContainerWaitResponse,
  EndpointSettings,
  ExecCreateRequest,
  ExecInspect,
} from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import { type CgroupHierarchy, type CgroupPaths, listCgroupPids } from '@pouch/linux';
import type { ContainerImage, ImageService } from '../image/image-service.ts';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import type { Container } from './container.ts';
import type {
  ArchiveStat,
  AttachOptions,
  AttachSession,
  ContainerService,
  Filters,
  LogOptions,
  OutputChunk,
  WaitCondition,
} from './container-service.ts';
import { explained } from './explained.ts';
import type { ExecManager } from './exec/exec-manager.ts';
import type { ContainerFilesystem } from './filesystem/index.ts';
import type { CommitOptions, Committer } from './lifecycle/committer.ts';
import { publishContainerEvent } from './lifecycle/container-events.ts';
import type { QuotaService } from '../quota/quota-service.ts';
import type { LifecycleContext } from './lifecycle/context.ts';
import type { Creator } from './lifecycle/creator.ts';
import type { NetworkConnector } from './lifecycle/network-connector.ts';
import { pauseContainer, unpauseContainer } from './lifecycle/pause.ts';
import type { Pruner } from './lifecycle/pruner.ts';
import { renameContainer } from './lifecycle/rename.ts';
import type { Remover } from './lifecycle/remover.ts';
import { requireLive } from './require-live.ts';
import type { StartPlanner } from './lifecycle/start-plan.ts';
import type { Starter } from './lifecycle/starter.ts';
import type { Stopper } from './lifecycle/stopper.ts';
import type { Updater } from './lifecycle/updater.ts';
import type { Upgrader } from './upgrade/upgrader.ts';
import { waitFor } from './lifecycle/waiter.ts';
import { attachTo, readLogs } from './stdio/attach.ts';
import { inspectContainer } from './view/inspect.ts';
import { compileFilters, type FilterSources, wantsAll } from './view/list-filters.ts';
import { quotaUsages } from './view/quota-usages.ts';
import { streamStats } from './view/stats.ts';
import { summarise } from './view/summary.ts';
import { topOf } from './view/top.ts';

export interface ContainerManagerOptions {
  readonly snapshotter: string;
  readonly cgroups: CgroupHierarchy;
  /** Bytes. */
  readonly hostMemory: number;
}

export interface ContainerManagerParts {
  readonly context: LifecycleContext;
  readonly quotas: QuotaService;
  readonly images: ImageService;
  readonly creator: Creator;
  readonly starter: Starter;
  readonly stopper: Stopper;
  readonly remover: Remover;
  readonly updater: Updater;
  readonly upgrader: Upgrader;
  readonly checkpointer: Checkpointer;
  readonly connector: NetworkConnector;
  readonly committer: Committer;
  readonly pruner: Pruner;
  readonly planner: StartPlanner;
  readonly execs: ExecManager;
  readonly filesystem: ContainerFilesystem;
}

/** The door to containers: finds them, and hands each request to the part that does it. */
export class ContainerManager implements ContainerService {
  readonly #options: ContainerManagerOptions;
  readonly #parts: ContainerManagerParts;

  constructor(options: ContainerManagerOptions, parts: ContainerManagerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  #get(name: string): Container {
    return this.#parts.context.index.get(name);
  }

  /** What the caller is told survives the loss of power. */
  async #kept<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    await this.#parts.context.flushed();
    return result;
  }

  #publish(container: Container, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    publishContainerEvent(this.#parts.context.events, container, action, attributes);
  }

  async create(
    request: ContainerCreateRequest,
    options: { name?: string; platform?: string; base?: ContainerImage },
  ): Promise<ContainerCreateResponse> {
    return await this.#kept(this.#parts.creator.create(request, options));
  }

  async list(options: { all: boolean; limit?: number; size?: boolean; filters: Filters }): Promise<ContainerSummary[]> {
    const { context } = this.#parts;
    const passes = await compileFilters(options.filters, this.#filterSources());
    const limited = options.limit !== undefined && options.limit > 0;
    const all = options.all || limited || wantsAll(options.filters);
    const found = context.index
      .known()
      .filter(
        (container) =>
          container.status !== 'creating' && (all || container.live || container.restarting) && passes(container),
      )
      .sort((a, b) => (BigInt(a.record.created) < BigInt(b.record.created) ? 1 : -1));
    const wanted = limited ? found.slice(0, options.limit) : found;
    const summaries = await Promise.all(
      wanted.map(async (container) => {
        const summary = summarise(container, context.networks.sandbox(container.id));
        if (!options.size) return [summary];
        try {
          const sizes = await this.#parts.filesystem.sizes(container);
          return [{ ...summary, SizeRw: sizes.rw, SizeRootFs: sizes.rootfs }];
        } catch (error) {
          // It was taken away while it was measured.
          if (isErrorCode(error, 'not-found')) return [];
          throw error;
        }
      }),
    );
    return summaries.flat();
  }

  #filterSources(): FilterSources {
    const { context, images } = this.#parts;
    return {
      find: (reference) => this.#get(reference),
      sandbox: (id) => context.networks.sandbox(id),
      imageIds: async (reference) => {
        try {
          return new Set([(await images.resolve(reference)).id]);
        } catch (error) {
          if (isErrorCode(error, 'not-found')) return new Set();
          throw error;
        }
      },
    };
  }

  async inspect(name: string, options: { size?: boolean } = {}): Promise<ContainerInspect> {
    const container = this.#get(name);
    const { context, filesystem } = this.#parts;
    return inspectContainer(container, {
      snapshotter: this.#options.snapshotter,
      sandbox: (id) => context.networks.sandbox(id),
      diskQuotas: await quotaUsages(container, this.#parts.quotas),
      ...(options.size && { sizes: await filesystem.sizes(container) }),
    });
  }

  async start(name: string, options: { checkpoint?: string; checkpointDir?: string } = {}): Promise<void> {
    const container = this.#get(name);
    const { starter, checkpointer } = this.#parts;
    if (!options.checkpoint) return await this.#kept(starter.start(container));
    const checkpoint = await checkpointer.find(container, options.checkpoint, options.checkpointDir);
    await this.#kept(starter.start(container, { checkpoint }));
  }

  async checkpointCreate(name: string, request: CheckpointCreateRequest): Promise<void> {
    await this.#parts.checkpointer.create(this.#get(name), request);
  }

  async checkpointList(name: string, dir?: string): Promise<Checkpoint[]> {
    return await this.#parts.checkpointer.list(this.#get(name), dir);
  }

  async checkpointRemove(name: string, checkpoint: string, dir?: string): Promise<void> {
    await this.#parts.checkpointer.remove(this.#get(name), checkpoint, dir);
  }

  async stop(name: string, options: { signal?: string; timeout?: number }): Promise<void> {
    await this.#kept(this.#parts.stopper.stop(this.#get(name), options));
  }

  async restart(name: string, options: { signal?: string; timeout?: number }): Promise<void> {
    const container = this.#get(name);
    container.restartPending = true;
    try {
      await this.#parts.stopper.stop(container, options).catch((error: unknown) => {
        if (isErrorCode(error, 'invalid-argument')) {
          const why = error.message.replace(/^cannot stop container: [^:]*: /, '');
          throw new PouchError('invalid-argument', `Cannot restart container ${name}: ${why}`, { cause: error });
        }
        if (!isErrorCode(error, 'not-modified')) throw error;
      });
      await this.#kept(this.#parts.starter.start(container));
    } finally {
      container.restartPending = false;
      if (container.keepsNetwork && !container.live) {
        container.keepsNetwork = false;
        await this.#parts.context.networks.release(container.id);
      }
    }
    this.#publish(container, 'restart');
  }

  async kill(name: string, signal?: string): Promise<void> {
    await explained(`cannot kill container: ${name}`, async () => {
      await this.#kept(this.#parts.stopper.kill(this.#get(name), signal));
    });
  }

  async pause(name: string): Promise<void> {
    await this.#kept(pauseContainer(this.#parts.context, this.#get(name)));
  }

  async unpause(name: string): Promise<void> {
    await this.#kept(unpauseContainer(this.#parts.context, this.#get(name)));
  }

  async rename(name: string, newName: string): Promise<void> {
    await this.#kept(renameContainer(this.#parts.context, this.#get(name), newName));
  }

  async update(name: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    return await this.#kept(this.#parts.updater.update(this.#get(name), request));
  }

  async upgrade(
    name: string,
    request: ContainerUpgradeRequest,
    options: { auth?: AuthConfig } = {},
  ): Promise<ContainerUpgradeResponse> {
    return await this.#kept(this.#parts.upgrader.upgrade(this.#get(name), request, options));
  }

  async remove(name: string, options: { force: boolean; volumes: boolean; link?: boolean }): Promise<void> {
    if (options.link)
      throw new PouchError('conflict', 'Conflict, cannot remove the default link name of the container');
    await this.#kept(this.#parts.remover.remove(this.#get(name), options));
  }

  wait(
    name: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): { readonly result: Promise<ContainerWaitResponse> } {
    return { result: this.#kept(waitFor(this.#get(name), condition, signal)) };
  }

  async connectNetwork(network: string, name: string, settings?: EndpointSettings): Promise<void> {
    await this.#kept(this.#parts.connector.connect(network, this.#get(name), settings));
  }

  async disconnectNetwork(network: string, name: string, force: boolean): Promise<void> {
    await this.#kept(this.#parts.connector.disconnect(network, this.#get(name), force));
  }

  async prune(filters: Filters): Promise<ContainerPruneResponse> {
    return await this.#kept(this.#parts.pruner.prune(filters, this.#filterSources()));
  }

  async attach(name: string, options: AttachOptions): Promise<AttachSession> {
    const container = this.#get(name);
    if (container.status === 'paused') {
      throw new PouchError('conflict', `container ${container.id} is paused, unpause the container before attach`);
    }
    const session = attachTo(container, options, {
      endInput: async () => {
        container.stdin[Symbol.dispose]();
        await this.#parts.context.containerd.tasks.closeStdin(container.id).catch(() => {});
      },
      onDetach: () => this.#publish(container, 'detach'),
    });
    this.#publish(container, 'attach');
    return await Promise.resolve(session);
  }

  async logs(
    name: string,
    options: LogOptions,
    signal: AbortSignal,
  ): Promise<{ readonly tty: boolean; readonly output: AsyncIterable<OutputChunk> }> {
    const container = this.#get(name);
    const output = readLogs(container, options, signal);
    return await Promise.resolve({ tty: container.record.config.Tty ?? false, output });
  }

  async resize(name: string, size: { height: number; width: number }): Promise<void> {
    const container = this.#get(name);
    if (!container.live) throw new PouchError('conflict', `cannot resize a stopped container: ${container.id}`);
    await this.#parts.context.containerd.tasks.resizePty(container.id, '', size);
    this.#publish(container, 'resize', { height: String(size.height), width: String(size.width) });
  }

  async top(name: string, psArgs: string): Promise<ContainerTop> {
    const container = this.#get(name);
    requireLive(container);
    const pids = await listCgroupPids(this.#cgroup(container));
    const top = await topOf(pids.length > 0 ? pids : [container.state.pid], psArgs);
    this.#publish(container, 'top');
    return top;
  }

  stats(
    name: string,
    options: { stream: boolean; oneShot: boolean },
    signal: AbortSignal,
  ): AsyncIterable<ContainerStats> {
    const sources = {
      cgroupOf: (each: Container) => this.#cgroup(each),
      hostMemory: this.#options.hostMemory,
      bandwidth: async (each: Container) => await this.#parts.context.networks.bandwidth(each.id),
      diskQuotas: async (each: Container) => await quotaUsages(each, this.#parts.quotas),
    };
    return streamStats(this.#get(name), sources, options, signal);
  }

  #cgroup(container: Container): CgroupPaths {
    return this.#parts.planner.cgroups(container);
  }

  async changes(name: string): Promise<ContainerChange[]> {
    return await this.#parts.filesystem.changes(this.#get(name));
  }

  async *exportFilesystem(name: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const container = this.#get(name);
    yield* this.#parts.filesystem.exportFilesystem(container, signal);
    this.#publish(container, 'export');
  }

  async statPath(name: string, path: string): Promise<ArchiveStat> {
    return await this.#parts.filesystem.statPath(this.#get(name), path);
  }

  async getArchive(
    name: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ stat: ArchiveStat; tar: AsyncIterable<Uint8Array> }> {
    const container = this.#get(name);
    const archive = await this.#parts.filesystem.getArchive(container, path, signal);
    this.#publish(container, 'archive-path');
    return archive;
  }

  async putArchive(
    name: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir: boolean; copyUIDGID: boolean; signal: AbortSignal },
  ): Promise<void> {
    const container = this.#get(name);
    await this.#parts.filesystem.putArchive(container, path, tar, options);
    this.#publish(container, 'extract-to-dir');
  }

  async commit(name: string, options: CommitOptions): Promise<string> {
    return await this.#parts.committer.commit(this.#get(name), options);
  }

  async execCreate(name: string, request: ExecCreateRequest): Promise<string> {
    return await this.#parts.execs.create(this.#get(name), request);
  }

  execStartsWithTty(execId: string, tty: boolean): boolean {
    return this.#parts.execs.startsWithTty(execId, tty);
  }

  async execStart(
    execId: string,
    options: { detach: boolean; tty: boolean; consoleSize?: readonly [height: number, width: number] },
  ): Promise<AttachSession | undefined> {
    return await this.#parts.execs.start(execId, options);
  }

  async execResize(execId: string, size: { height: number; width: number }): Promise<void> {
    await this.#parts.execs.resize(execId, size);
  }

  async execInspect(execId: string): Promise<ExecInspect> {
    return await Promise.resolve(this.#parts.execs.inspect(execId));
  }
}
