import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { API_VERSION, MIN_API_VERSION } from '@pouch/api';
import type { LogFields, Logger } from '@pouch/base';
import { ContainerdClient, ContainerdSupervisor, ExitKeeper } from '@pouch/containerd';
import {
  BuildKitManager,
  BuildManager,
  ContainerRoom,
  Database,
  EventBus,
  findInit,
  ImageManager,
  type ImageUser,
  LinuxNetworkManager,
  LOG_DRIVERS,
  logDriverOptions,
  RecordTable,
  QuotaManager,
  readHostFacts,
  SystemManager,
  TableNetworkStore,
  VolumeManager,
} from '@pouch/engine';
import {
  cgroupPaths,
  probeHost,
  readCgroupHierarchy,
  releaseLeftoverControllers,
  removeCgroup,
  mountsBelow,
  readMounts,
  unmount,
  unmountTree,
} from '@pouch/linux';
import { RegistryClient } from '@pouch/registry';
import { ApiServer, type ServerDependencies } from '@pouch/server';
import { buildCacheLimit } from './build-cache-limit.ts';
import { buildKitCgroupParent, buildKitFeature, buildKitRegistries, findBuildKit } from './build-kit-options.ts';
import { chooseBuildRuntime } from './build-kit-runtime.ts';
import type { Config } from './config/settings.ts';
import { chooseRuntimes } from './default-runtime.ts';
import { addressPools, createDefaults, networkOptions, registrySettings } from './engine-options.ts';
import { loadHooks } from './hooks.ts';
import { HostParts } from './host-parts.ts';
import { collectHeap } from './idle/collect-heap.ts';
import { IdleWatch } from './idle/idle-watch.ts';
import { reclaimPrograms } from './idle/reclaim-programs.ts';
import { listenAddresses } from './listen-addresses.ts';
import { takePidFile } from './pid-file.ts';
import { GIT_COMMIT, VERSION } from './version.ts';

/** What tearing down needs besides the services. */
interface Rooms {
  readonly containers: ContainerRoom;
  readonly networks: LinuxNetworkManager;
  readonly buildKit: BuildKitManager;
  readonly facts: LogFields;
}

/**
 * The daemon, put together from its rooms. Its order of starting is its promise: containerd first, then records, then
 * networks and volumes of what lives, then containers; the API is served last, when all is as the last daemon promised.
 */
export class Daemon implements AsyncDisposable {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #resources = new AsyncDisposableStack();
  #server: ApiServer | undefined;
  #registry: RegistryClient | undefined;
  #supervisor: ContainerdSupervisor | undefined;
  #parts: HostParts | undefined;
  #keptExits: ExitKeeper | undefined;

  constructor(config: Config, dependencies: { logger: Logger }) {
    this.#config = config;
    this.#logger = dependencies.logger;
  }

  /** Resolves when the API is served. */
  async start(signal: AbortSignal): Promise<void> {
    const addresses = listenAddresses(this.#config);
    const { rooms, services } = await this.#bringUp(signal);
    const server = new ApiServer({ version: VERSION }, services);
    this.#server = server;
    for (const address of addresses) await server.listen(address);
    this.#resources.use(this.#restBetween(() => server.requests));
    this.#logger.info('pouchd is ready', rooms.facts);
    this.#parts?.start();
  }

  /** What is done for the host while nobody asks for anything. */
  #restBetween(requests: () => number): IdleWatch {
    const logger = this.#logger;
    const tasks = [collectHeap(logger)];
    const seconds = this.#config['idle-reclaim'];
    const pids = (): number[] => [process.pid, this.#supervisor?.pid ?? []].flat();
    if (seconds > 0) tasks.push(reclaimPrograms(pids, { seconds }, logger));
    return new IdleWatch(tasks, { requests, logger });
  }

  /**
   * End every container of this daemon and take its containerd, networks and mounts off the host. Images, volumes and
   * the containers' records and files stay in the root directory.
   */
  async tearDown(signal: AbortSignal): Promise<void> {
    const { rooms } = await this.#bringUp(signal);
    await rooms.buildKit.tearDown();
    await rooms.containers.endAll();
    await rooms.networks.destroy();
    await this.#removeCgroups();
    await this.#resources.disposeAsync();
    await this.#parts?.stop();
    await this.#supervisor?.stop();
    await releaseLeftoverControllers(join(this.#config.state, 'cgroup'));
    await unmountTree(this.#config.state);
    await this.#unmountBelowRoot();
    await rm(this.#config.state, { recursive: true, force: true });
    this.#logger.info('everything that ran is ended');
  }

  /** What is mounted in the root directory is ours; the file system that it may be is not. */
  async #unmountBelowRoot(): Promise<void> {
    const { root } = this.#config;
    for (const { mountPoint } of mountsBelow(await readMounts(), root)) {
      if (mountPoint !== root) await unmount([mountPoint], { lazy: true });
    }
  }

  /** The group above the containers', which runtimes leave. Under systemd it is systemd's. */
  async #removeCgroups(): Promise<void> {
    const parent = this.#config['cgroup-parent'] || '/pouch';
    if (parent.endsWith('.slice')) return;
    await removeCgroup(cgroupPaths(await readCgroupHierarchy(), parent), parent).catch((error: unknown) => {
      this.#logger.warn('a control group stays: something still runs in it', { parent, error });
    });
  }

  async #bringUp(signal: AbortSignal): Promise<{ rooms: Rooms; services: ServerDependencies }> {
    const config = this.#config;
    const logger = this.#logger;
    await mkdir(config.root, { recursive: true, mode: 0o711 });
    await mkdir(config.state, { recursive: true, mode: 0o711 });
    this.#resources.use(await takePidFile(join(config.state, 'pouchd.pid')));
    const containerd = await this.#connectContainerd(signal);
    const db = this.#resources.use(new Database(join(config.root, 'pouch.db')));
    const [host, facts, runtimes, parts] = await Promise.all([
      probeHost(),
      readHostFacts(),
      chooseRuntimes(config, join(config.state, 'cgroup'), logger),
      HostParts.probe(config, logger),
    ]);
    this.#parts = this.#resources.use(parts);
    const cgroupDriver =
      config['cgroup-driver'] || (host.cgroup.mode === 'v2' && host.isSystemd ? 'systemd' : 'cgroupfs');
    const events = new EventBus();
    const registry = this.#resources.use(new RegistryClient(registrySettings(config), { logger }));
    this.#registry = registry;

    const hooks = await loadHooks(config['plugin-dir'], { logger, events });
    const networks = new LinuxNetworkManager(networkOptions(config), {
      store: new TableNetworkStore(db),
      log: logger,
      publish: ({ Type, Action, Actor }) => events.publish(Type, Action, Actor.ID, Actor.Attributes),
    });
    const quotas = new QuotaManager({ probe: parts.quota, records: new RecordTable(db, 'quota'), logger });
    // Containers, images and volumes ask about each other; each asks when it is needed, and all are there by then.
    const volumes: VolumeManager = new VolumeManager(
      { root: config.root, runRoot: config.state },
      {
        records: new RecordTable(db, 'volume'),
        events,
        log: logger,
        hooks,
        quotas,
        volumeUsers: (name) => volumeUsers(name),
      },
    );
    const images = this.#resources.use(
      new ImageManager(
        {
          root: config.root,
          maxConcurrentDownloads: config['max-concurrent-downloads'],
          maxConcurrentUploads: config['max-concurrent-uploads'],
        },
        { containerd, registry, events, logger, imageUsers: () => imageUsers() },
      ),
    );
    const containers = new ContainerRoom(
      {
        root: join(config.root, 'containers'),
        state: config.state,
        containerdState: config.containerd === '' ? join(config.state, 'containerd') : undefined,
        snapshotter: config.snapshotter,
        runtimes: runtimes.all,
        cgroups: host.cgroup,
        cgroupDriver: cgroupDriver as 'cgroupfs' | 'systemd',
        hostMemory: totalmem(),
        create: {
          host: facts,
          defaults: createDefaults(config, runtimes.defaultRuntime),
          runtimes: new Set(runtimes.all.keys()),
          logDrivers: logDriverOptions(),
          ...parts.create,
        },
        start: {
          cgroupParent: config['cgroup-parent'] || undefined,
          dns: config.dns,
          dnsSearch: config['dns-search'],
          dnsOptions: config['dns-opts'],
          initPath: config['init-path'] || undefined,
        },
      },
      {
        db,
        containerd,
        keptExits: this.#keptExits,
        images,
        networks,
        volumes,
        quotas,
        events,
        logger,
        hooks,
        ...parts.containers,
      },
    );
    const volumeUsers = (name: string): string[] =>
      containers.index
        .all()
        .filter(({ status, record }) => status !== 'removing' && record.mounts.some((mount) => mount.Name === name))
        .map(({ id }) => id);
    const imageUsers = (): ImageUser[] =>
      containers.index.known().flatMap(({ id, record, live }) => [
        { containerId: id, imageId: record.imageId, manifestDigest: record.manifestDigest, running: live },
        // What it was, or is to be: a way back needs its image.
        ...[record.previous?.generation, record.upgrade?.other].flatMap((other) =>
          other
            ? [{ containerId: id, imageId: other.imageId, manifestDigest: other.manifestDigest, running: false }]
            : [],
        ),
      ]);

    const cacheLimit = await buildCacheLimit(config['build-cache-limit'], config.root);
    const buildKitBinary = await findBuildKit(config);
    const buildKit = new BuildKitManager(
      {
        binary: buildKitBinary,
        idleTimeoutMs: config['buildkit-idle-timeout'] * 1000,
        cacheLimit,
        root: config.root,
        state: config.state,
        cgroupParent: buildKitCgroupParent(config, cgroupDriver),
        cgroupDriver: cgroupDriver as 'cgroupfs' | 'systemd',
        runtime: async () => await chooseBuildRuntime(runtimes, logger),
        runtimeRoot: containers.runtimeRoot,
        snapshotter: config.snapshotter,
        dns: { servers: config.dns, search: config['dns-search'], options: config['dns-opts'] },
        registries: () => buildKitRegistries(config),
        hostGateway: async () => (await networks.inspect('bridge')).IPAM.Config?.[0]?.Gateway,
      },
      {
        containerd,
        images,
        logger,
        networks,
        runs: containers,
      },
    );

    const live = await containers.load();
    await networks.start([...live, ...(await buildKit.liveSandboxes())]);
    this.#resources.use(networks);
    await volumes.reconcile(live);
    const volumeRecords = new RecordTable(db, 'volume');
    const snapshots = new Set(containers.index.all().flatMap(({ snapshotKeys }) => snapshotKeys));
    await quotas.start((member) => {
      const name = member.slice(member.indexOf('-') + 1);
      return member.startsWith('container-') ? snapshots.has(name) : volumeRecords.get(name) !== undefined;
    });
    await images.reconcile();
    this.#resources.use(containers);
    await containers.start();
    const builds = new BuildManager(
      { root: config.root, state: config.state, cacheLimit },
      { db, containerd, containers: containers.manager, images, volumes, logger },
    );
    await builds.reconcile();
    this.#resources.use(builds);
    this.#resources.use(buildKit);
    await buildKit.start(signal);

    const system = new SystemManager(
      {
        id: createHash('sha256').update(`${host.hostname}:${config.root}`).digest('hex').slice(0, 32),
        version: VERSION,
        gitCommit: GIT_COMMIT,
        apiVersion: API_VERSION,
        minApiVersion: MIN_API_VERSION,
        root: config.root,
        snapshotter: config.snapshotter,
        cgroupDriver,
        logDriver: config['log-driver'],
        logDrivers: LOG_DRIVERS,
        defaultRuntime: runtimes.defaultRuntime,
        runtimes: runtimes.all,
        labels: config.labels,
        debug: config.debug,
        initPath: (await findInit(config['init-path'] || undefined)) ?? '',
        indexServer: 'https://index.docker.io/v1/',
        mirrors: config['registry-mirrors'],
        insecureRegistries: config['insecure-registries'],
        addressPools: addressPools(config).map(({ base, size }) => ({ Base: base, Size: size })),
      },
      {
        host,
        containers: containers.manager,
        images,
        volumes,
        buildCache: async (stop) => [...(await builds.usage()), ...(await buildKit.diskUsage(stop))],
        containerd,
        volumeDrivers: async () => await volumes.drivers.names(),
        warnings: () => networks.warnings(),
        listeners: () => events.listenerCount,
        features: async () => [
          ...(await parts.features(runtimes.all.get(runtimes.defaultRuntime)?.binary ?? '')),
          buildKitFeature(buildKitBinary),
        ],
      },
    );
    const summary = {
      version: VERSION,
      runtime: runtimes.defaultRuntime,
      cgroup: host.cgroup.mode,
      containers: containers.index.all().length,
    };
    return {
      rooms: { containers, networks, buildKit, facts: summary },
      services: { containers: containers.manager, images, builds, volumes, networks, system, buildKit, events, logger },
    };
  }

  /** A containerd of our own, started or taken up; or the one that the settings name. */
  async #connectContainerd(signal: AbortSignal): Promise<ContainerdClient> {
    const config = this.#config;
    const logger = this.#logger;
    let address = config.containerd;
    if (address === '') {
      address = join(config.state, 'containerd', 'containerd.sock');
      const keptExits = new ExitKeeper(
        {
          state: join(config.state, 'containerd'),
          namespace: config['containerd-namespace'],
          directory: join(config.state, 'exits'),
        },
        { logger },
      );
      this.#keptExits = keptExits;
      const supervisor = new ContainerdSupervisor(
        {
          binary: config['containerd-binary'],
          root: join(config.root, 'containerd'),
          state: join(config.state, 'containerd'),
          address,
          configPath: join(config.state, 'containerd', 'config.toml'),
          pidFile: join(config.state, 'containerd.pid'),
          logFile: join(config.root, 'containerd.log'),
          snapshotter: config.snapshotter,
          deletedFaster: {
            namespace: config['containerd-namespace'],
            runtimeRoot: join(config.state, 'runtime'),
          },
          beforeLaunch: async () => await keptExits.watch(),
        },
        { logger },
      );
      await supervisor.start(signal);
      this.#resources.use(supervisor);
      this.#supervisor = supervisor;
    }
    const client = new ContainerdClient(
      { address, namespace: config['containerd-namespace'], snapshotter: config.snapshotter, patienceMs: 30_000 },
      { logger },
    );
    this.#resources.use(client);
    await client.waitForReady(60_000, { signal });
    return client;
  }

  /** Take over what a changed configuration may change while running. */
  reload(config: Config): void {
    this.#registry?.configure(registrySettings(config));
    this.#logger.info('the configuration was read again');
  }

  /** Finish the requests under way, and let go. Containers and containerd run on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close(this.#config['shutdown-timeout'] * 1000);
    await this.#resources.disposeAsync();
  }
}
