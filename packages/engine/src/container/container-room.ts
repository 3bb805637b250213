import { join } from 'node:path';
import type { ExecCreateRequest, HostConfig } from '@pouch/api';
import { background, KeyedMutex, type Logger, nowNanos, PouchError } from '@pouch/base';
import type { ContainerdClient, ExitKeeper } from '@pouch/containerd';
import {
  type CgroupDriver,
  type CgroupHierarchy,
  readOomKills,
  reclaimCgroup,
  removeCgroup,
  writeCgroupLimits,
} from '@pouch/linux';
import type { EventBus } from '../events/event-bus.ts';
import { type Hooks, NO_HOOKS } from '../hooks/hook-points.ts';
import type { ImageService } from '../image/image-service.ts';
import type { NetworkManager } from '../network/network-manager.ts';
import type { Database } from '../store/database.ts';
import { RecordTable } from '../store/record-table.ts';
import type { QuotaService } from '../quota/quota-service.ts';
import type { VolumeService } from '../volume/volume-service.ts';
import { Checkpointer } from './checkpoint/checkpointer.ts';
import type { Container } from './container.ts';
import { ContainerIndex } from './container-index.ts';
import { ContainerManager } from './container-manager.ts';
import type { ContainerRecord } from './container-record.ts';
import { ExecManager } from './exec/exec-manager.ts';
import { ContainerFilesystem } from './filesystem/index.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { Committer } from './lifecycle/committer.ts';
import { publishContainerEvent } from './lifecycle/container-events.ts';
import type { LifecycleContext } from './lifecycle/context.ts';
import { type CreateEnvironment, Creator } from './lifecycle/creator.ts';
import { ExitHandler } from './lifecycle/exit-handler.ts';
import { InitScriptRunner } from './lifecycle/init-script.ts';
import { NetworkConnector } from './lifecycle/network-connector.ts';
import { tellPlugins } from './lifecycle/plugin-calls.ts';
import { ProcViews, type ProcViewDependencies } from './lifecycle/proc-views.ts';
import { Pruner } from './lifecycle/pruner.ts';
import { Reconciler } from './lifecycle/reconciler.ts';
import { Remover } from './lifecycle/remover.ts';
import { Restarter } from './lifecycle/restarter.ts';
import { remainingDelay, startsWithDaemon } from './lifecycle/restart-policy.ts';
import { ShmMounts } from './lifecycle/shm-mounts.ts';
import { StartPlanner, type StartPlannerOptions } from './lifecycle/start-plan.ts';
import { RootQuota } from './lifecycle/root-quota.ts';
import { Starter } from './lifecycle/starter.ts';
import { Stopper } from './lifecycle/stopper.ts';
import { type RuntimeDefinition, TaskRuntime } from './lifecycle/task-runtime.ts';
import { TaskWatcher } from './lifecycle/task-watcher.ts';
import { Updater } from './lifecycle/updater.ts';
import { VolumeMounter } from './lifecycle/volume-mounter.ts';
import { exitCodeOf, RichSetup } from './rich/index.ts';
import { buildExecProcess, extraLimitFiles, RootfsView } from './spec/index.ts';
import { findLogin } from './ssh/login.ts';
import { sftpCommand } from './ssh/sftp-server.ts';
import { SshService } from './ssh/ssh-service.ts';
import { FifoPool } from './stdio/fifo-pool.ts';
import { Upgrader } from './upgrade/upgrader.ts';

export interface ContainerRoomOptions {
  /** Durable files of containers. */
  readonly root: string;
  /** Files of this boot. */
  readonly state: string;
  readonly containerdState: string | undefined;
  readonly snapshotter: string;
  readonly runtimes: ReadonlyMap<string, RuntimeDefinition>;
  readonly cgroups: CgroupHierarchy;
  readonly cgroupDriver: CgroupDriver;
  readonly hostMemory: number;
  readonly create: Omit<CreateEnvironment, 'quotas'>;
  readonly start: Omit<StartPlannerOptions, 'host' | 'cgroupDriver' | 'cgroups' | 'runtimes'>;
}

export interface ContainerRoomDependencies {
  readonly db: Database;
  readonly containerd: ContainerdClient;
  readonly keptExits?: ExitKeeper | undefined;
  readonly images: ImageService;
  readonly networks: NetworkManager;
  readonly volumes: VolumeService;
  readonly quotas: QuotaService;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly hooks?: Hooks;
  readonly procViews: ProcViewDependencies;
}

/** Everything about containers, put together and brought up in order. */
export class ContainerRoom implements AsyncDisposable {
  readonly manager: ContainerManager;
  readonly index: ContainerIndex;
  readonly #context: LifecycleContext;
  readonly #exits: ExitHandler;
  readonly #execs: ExecManager;
  readonly #health: HealthMonitor;
  readonly #ssh: SshService;
  readonly #upgrader: Upgrader;
  readonly #restarter: Restarter;
  readonly #remover: Remover;
  readonly #reconciler: Reconciler;
  readonly #filesystem: ContainerFilesystem;
  readonly #fifos: FifoPool;
  readonly #watcher: TaskWatcher;

  constructor(options: ContainerRoomOptions, dependencies: ContainerRoomDependencies) {
    const { containerd, images, networks, volumes, events, logger } = dependencies;
    const { host } = options.create;
    const directories = { root: options.root, state: join(options.state, 'io') };
    const index = new ContainerIndex(new RecordTable<ContainerRecord>(dependencies.db, 'container'), directories);
    const tasks = new TaskRuntime(
      {
        runtimeRoot: join(options.state, 'runtime'),
        containerdState: options.containerdState,
        seccompCache: join(options.root, '../seccomp'),
        systemdCgroup: options.cgroupDriver === 'systemd',
        runtimes: options.runtimes,
      },
      { containerd, logger },
    );
    const rootQuota = new RootQuota(dependencies.quotas);
    const context: LifecycleContext = {
      index,
      rootQuota,
      containerd,
      tasks,
      networks,
      volumes,
      events,
      logger,
      hooks: dependencies.hooks ?? NO_HOOKS,
      keptExits: dependencies.keptExits,
      flushed: async () => await dependencies.db.flushed(),
      mutex: new KeyedMutex(),
      filesIdle: async (id) => await this.#filesystem.whenIdle(id),
    };
    const shm = new ShmMounts(join(options.state, 'shm'), index);
    const mounter = new VolumeMounter({ volumes });
    const rich = new RichSetup({ host, cgroups: options.cgroups });
    const planner = new StartPlanner({ ...options.start, ...options, host }, context, {
      volumes: mounter,
      shm,
      rich,
      views: new ProcViews(dependencies.procViews, logger),
    });
    this.#fifos = new FifoPool(join(options.state, 'exec'));
    // Where it runs the kernel has merged its layers, which by hand takes a program for each directory that they share.
    const rootfsOf = async (container: Container): Promise<RootfsView> => {
      const mounted = container.live ? await tasks.mountedRoot(container.id) : undefined;
      return mounted === undefined ? new RootfsView(await planner.rootfs(container)) : RootfsView.ofDirectory(mounted);
    };
    const buildProcess = async (container: Container, request: ExecCreateRequest, tty: boolean): Promise<object> => {
      const rootfs = await rootfsOf(container);
      return await buildExecProcess(container.record, { ...request, Tty: tty }, { host, rootfs });
    };
    this.#execs = new ExecManager({
      containerd,
      events,
      logger,
      fifos: this.#fifos,
      buildProcess,
    });
    this.#ssh = new SshService(
      { state: options.state },
      {
        execs: this.#execs,
        events,
        logger,
        sandbox: (id) => networks.sandbox(id),
        find: (id) => index.get(id),
        login: async (container, user) =>
          findLogin((await (await rootfsOf(container)).readText('/etc/passwd')) ?? '', user),
        sftpCommand: async (container) => await sftpCommand(true, await rootfsOf(container)),
      },
    );
    this.#health = new HealthMonitor({
      execs: this.#execs,
      logger,
      publish: (container, status) => publishContainerEvent(events, container, `health_status: ${status}`),
    });
    const writeLimits = async (container: Container, config: HostConfig): Promise<void> =>
      await writeCgroupLimits(planner.cgroups(container), extraLimitFiles(config));
    const starter = new Starter(context, {
      planner,
      snapshotter: options.snapshotter,
      writeLimits,
      initScript: new InitScriptRunner({
        containerd,
        fifos: this.#fifos,
        buildProcess: async (container, command) => await buildProcess(container, { Cmd: command, User: '0' }, false),
      }),
      followers: {
        started: (container, resumed) => {
          this.#health.started(container, resumed);
          if (resumed) this.#reopenSsh(container);
        },
        prepared: async (container) => await this.#ssh.open(container),
        autoRemove: (container) => this.#remover.autoRemove(container),
        letGo: async (container) => {
          this.#ssh.close(container);
          await this.#exits.letGo(container);
        },
      },
    });
    this.#restarter = new Restarter(context, async (container) => await starter.restart(container));
    const stopper = new Stopper(context, this.#restarter);
    const remover = new Remover(context, stopper, this.#restarter, {
      removeCgroups: async (container) => {
        const path = planner.cgroupsPath(container);
        await removeCgroup(planner.cgroups(container), path);
      },
    });
    this.#remover = remover;
    this.#exits = new ExitHandler(context, {
      restart: (container, delay) => this.#restarter.schedule(container, delay),
      autoRemove: (container) => remover.autoRemove(container),
      stopped: (container) => {
        this.#health.stopped(container);
        this.#execs.containerStopped(container);
        this.#ssh.close(container);
        tellPlugins(context, 'post-stop', container);
      },
      letGo: async (container) => await shm.release(container),
      reclaim: async (container) => {
        if (container.record.hostConfig.MemoryForceEmptyCtl !== 1) return;
        await reclaimCgroup(planner.cgroups(container));
      },
      exitCode: exitCodeOf,
      ranOutOfMemory: async (container) => ((await readOomKills(planner.cgroups(container))) ?? 0) > 0,
    });
    this.#reconciler = new Reconciler(context, {
      exits: this.#exits,
      remover,
      adopt: async (container, task) => await starter.adopt(container, task),
      finishStreams: async (container) => await starter.finishStreams(container),
    });
    this.#filesystem = new ContainerFilesystem(
      { mountRoot: join(options.state, 'rootfs') },
      {
        containerd,
        volumes,
        logger,
        prepareRoot: async (container, mounts) => await rootQuota.place(container, mounts),
      },
    );
    this.#context = context;
    this.index = index;
    this.#watcher = new TaskWatcher({ containerd, logger, listener: this.#listener() });
    const creator = new Creator(context, {
      images,
      environment: { ...options.create, quotas: dependencies.quotas },
      remover,
      rich,
    });
    const updater = new Updater(context, {
      host,
      quotas: dependencies.quotas,
      bandwidthMissing: options.create.bandwidthMissing,
      priorityMissing: options.create.priorityMissing,
      writeLimits,
    });
    this.#upgrader = new Upgrader(context, { images, starter, stopper, rich });
    this.manager = new ContainerManager(
      { snapshotter: options.snapshotter, cgroups: options.cgroups, hostMemory: options.hostMemory },
      {
        context,
        quotas: dependencies.quotas,
        images,
        creator,
        starter,
        stopper,
        remover,
        updater,
        upgrader: this.#upgrader,
        checkpointer: new Checkpointer(context),
        connector: new NetworkConnector(context),
        committer: new Committer(context, { images }),
        pruner: new Pruner(context, {
          remover,
          sizeOf: async (container) => (await this.#filesystem.sizes(container)).rw,
        }),
        planner,
        execs: this.#execs,
        filesystem: this.#filesystem,
      },
    );
  }

  #listener(): ConstructorParameters<typeof TaskWatcher>[0]['listener'] {
    const { logger, events } = this.#context;
    return {
      exited: ({ containerId, execId, pid, exitCode, at }) => {
        if (execId !== undefined) return this.#execs.exited(containerId, execId, exitCode);
        const container = this.index.byId(containerId);
        if (!container) return;
        // containerd tells of a shim that died without saying whose run it had: it may be one long settled.
        const settled =
          pid === 0 ? this.#reconciler.lookAgain(container) : this.#exits.handle(container, { pid, exitCode, at });
        settled.catch((error: unknown) => {
          logger.error('an exit could not be settled', { container: containerId, error });
        });
      },
      oom: (containerId) => {
        const container = this.index.byId(containerId);
        if (!container?.live) return;
        container.record.state.oomKilled = true;
        container.save();
        publishContainerEvent(events, container, 'oom');
      },
      paused: () => {},
      reconcile: async () => {
        await Promise.all([this.#reconciler.catchUp(), this.#execs.catchUp()]);
      },
    };
  }

  /** Read the records back; networks and volumes can then be asked to take up what lives. */
  async load(): Promise<ReadonlySet<string>> {
    this.index.load();
    await this.#filesystem.cleanup();
    return await this.#reconciler.liveIds();
  }

  /** Bring records and containerd together, listen from then on, and start what is to start with the daemon. */
  async start(): Promise<void> {
    await this.#fifos.start();
    await this.#reconciler.recover();
    await this.#watcher.start();
    await this.#upgrader.recover();
    for (const container of this.index.all()) this.#bringUp(container);
  }

  /** A run that goes on from before this daemon gets its SSH server back. */
  #reopenSsh(container: Container): void {
    background(this.#ssh.open(container), (error) => {
      this.#context.logger.error('an SSH server is not back', { container: container.id, error });
    });
  }

  #bringUp(container: Container): void {
    if (container.record.upgrade) return;
    if (container.status === 'restarting') {
      return this.#restarter.schedule(container, remainingDelay(container.state, nowNanos()));
    }
    if (container.status !== 'exited' || !startsWithDaemon(container.record)) return;
    container.transition('restarting', { manuallyStopped: false });
    this.#restarter.schedule(container, 0);
  }

  /** Ids of what has a shim, containers and others, whether containerd knows it or not. */
  async shims(): Promise<ReadonlySet<string>> {
    return await this.#context.tasks.shims();
  }

  /** Take everything of a run away that is no container's: task, record, runtime's state, mounts. */
  async purge(id: string): Promise<void> {
    if (this.index.byId(id)) throw new PouchError('conflict', `${id} is a container: remove it instead`);
    await this.#context.tasks.purge(id, 'runc');
  }

  /** Where the runtimes of this daemon's containers keep their state. */
  get runtimeRoot(): string {
    return this.#context.tasks.runtimeRoot;
  }

  /** Kill whatever runs: for tearing down. Policies start nothing again. */
  async endAll(): Promise<void> {
    this.#restarter[Symbol.dispose]();
    await Promise.all(
      this.index.all().map(async (container) => {
        if (container.live) await this.manager.kill(container.id).catch(() => {});
      }),
    );
  }

  /** Stop listening and let go of streams; containers run on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#restarter[Symbol.dispose]();
    this.#health[Symbol.dispose]();
    this.#ssh[Symbol.dispose]();
    this.#upgrader[Symbol.dispose]();
    await this.#watcher[Symbol.asyncDispose]();
    await this.#filesystem.cleanup();
    for (const container of this.index.all()) {
      container.pump?.[Symbol.dispose]();
      container.stdin[Symbol.dispose]();
    }
  }
}
