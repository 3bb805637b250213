import { readdir } from 'node:fs/promises';
import type {
  BuildCache,
  ContainerSummary,
  HostFeature,
  ImageSummary,
  SystemDataUsage,
  SystemInfo,
  SystemVersion,
  Volume,
} from '@pouch/api';
import type { ContainerdClient } from '@pouch/containerd';
import type { HostProbe } from '@pouch/linux';
import type { ContainerService } from '../container/container-service.ts';
import type { ImageService } from '../image/image-service.ts';
import type { VolumeService } from '../volume/volume-service.ts';
import type { DiskUsageType, SystemService } from './system-service.ts';

/** Registries on this host are spoken to without TLS where they have none. */
const LOOPBACK = ['::1/128', '127.0.0.0/8'];

/** What of the configuration `info` and `version` show. */
export interface SystemOptions {
  /** A stable id of this daemon. */
  readonly id: string;
  readonly version: string;
  readonly gitCommit: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly root: string;
  readonly snapshotter: string;
  readonly cgroupDriver: string;
  readonly logDriver: string;
  readonly logDrivers: readonly string[];
  readonly defaultRuntime: string;
  readonly runtimes: ReadonlyMap<string, { readonly binary: string }>;
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly initPath: string;
  readonly indexServer: string;
  readonly mirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly addressPools: readonly { readonly Base: string; readonly Size: number }[];
}

export interface SystemDependencies {
  readonly host: HostProbe;
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly volumes: VolumeService;
  readonly buildCache: (signal: AbortSignal) => Promise<BuildCache[]>;
  readonly containerd: ContainerdClient;
  readonly volumeDrivers: () => Promise<readonly string[]>;
  readonly warnings: () => readonly string[];
  readonly listeners: () => number;
  /** What containers can be given here beyond what Docker has. */
  readonly features: () => Promise<readonly HostFeature[]>;
}

/** Tells what this host and this daemon are and can do. */
export class SystemManager implements SystemService {
  readonly #options: SystemOptions;
  readonly #dependencies: SystemDependencies;

  constructor(options: SystemOptions, dependencies: SystemDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  async version(): Promise<SystemVersion> {
    const { version, gitCommit, apiVersion, minApiVersion } = this.#options;
    const { host, containerd } = this.#dependencies;
    const runtime = await containerd.knownVersion().catch(() => ({ version: 'not reachable', revision: '' }));
    return {
      Platform: { Name: 'Pouch' },
      Components: [
        {
          Name: 'Engine',
          Version: version,
          Details: {
            ApiVersion: apiVersion,
            MinAPIVersion: minApiVersion,
            Os: 'linux',
            Arch: goArchitecture(host.architecture),
            GitCommit: gitCommit,
            KernelVersion: host.kernelVersion,
            Experimental: 'false',
          },
        },
        { Name: 'Node.js', Version: process.version.slice(1), Details: { V8: process.versions.v8 } },
        { Name: 'containerd', Version: runtime.version, Details: { GitCommit: runtime.revision } },
      ],
      Version: version,
      ApiVersion: apiVersion,
      MinAPIVersion: minApiVersion,
      GitCommit: gitCommit,
      Os: 'linux',
      Arch: goArchitecture(host.architecture),
      KernelVersion: host.kernelVersion,
    };
  }

  async info(): Promise<SystemInfo> {
    const { host, containerd, containers, images, warnings, listeners, volumeDrivers } = this.#dependencies;
    const options = this.#options;
    const [list, imageList, files, drivers, features] = await Promise.all([
      containers.list({ all: true, filters: {} }),
      images.list({}),
      readdir('/proc/self/fd').catch(() => []),
      volumeDrivers(),
      this.#dependencies.features(),
    ]);
    const count = (...states: string[]): number => list.filter(({ State }) => states.includes(State)).length;
    return {
      ID: options.id,
      Containers: list.length,
      ContainersRunning: count('running', 'restarting'),
      ContainersPaused: count('paused'),
      ContainersStopped: count('created', 'exited', 'dead', 'removing'),
      Images: imageList.length,
      Driver: options.snapshotter,
      DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
      Plugins: {
        Volume: [...drivers],
        Network: ['bridge', 'host', 'macvlan', 'null'],
        Authorization: null,
        Log: [...options.logDrivers],
      },
      ...hostLimits(host),
      IPv4Forwarding: host.network.ipv4Forwarding,
      Debug: options.debug,
      NFd: files.length,
      NGoroutines: process.getActiveResourcesInfo().length,
      SystemTime: new Date().toISOString(),
      LoggingDriver: options.logDriver,
      CgroupDriver: options.cgroupDriver,
      CgroupVersion: host.cgroup.mode === 'v2' ? '2' : '1',
      NEventsListener: listeners(),
      KernelVersion: host.kernelVersion,
      OperatingSystem: host.operatingSystem,
      OSVersion: host.osVersion,
      OSType: 'linux',
      Architecture: host.architecture,
      IndexServerAddress: options.indexServer,
      RegistryConfig: {
        InsecureRegistryCIDRs: [...LOOPBACK, ...options.insecureRegistries.filter((entry) => entry.includes('/'))],
        IndexConfigs: {
          'docker.io': { Name: 'docker.io', Mirrors: [...options.mirrors], Secure: true, Official: true },
        },
        Mirrors: [...options.mirrors],
      },
      NCPU: host.cpus,
      MemTotal: host.memory,
      GenericResources: null,
      DockerRootDir: options.root,
      HttpProxy: process.env.HTTP_PROXY ?? '',
      HttpsProxy: process.env.HTTPS_PROXY ?? '',
      NoProxy: process.env.NO_PROXY ?? '',
      Name: host.hostname,
      Labels: [...options.labels],
      ExperimentalBuild: false,
      ServerVersion: options.version,
      Runtimes: Object.fromEntries([...options.runtimes].map(([name, { binary }]) => [name, { path: binary }])),
      DefaultRuntime: options.defaultRuntime,
      Swarm: {
        NodeID: '',
        NodeAddr: '',
        LocalNodeState: 'inactive',
        ControlAvailable: false,
        Error: '',
        RemoteManagers: null,
      },
      LiveRestoreEnabled: true,
      Isolation: '',
      InitBinary: options.initPath,
      ContainerdCommit: { ID: '' },
      RuncCommit: { ID: '' },
      InitCommit: { ID: '' },
      SecurityOptions: securityOptions(host),
      DefaultAddressPools: options.addressPools.map((pool) => ({ ...pool })),
      FirewallBackend: { Driver: 'nftables' },
      Containerd: {
        Address: containerd.address,
        Namespaces: { Containers: containerd.namespace, Plugins: containerd.namespace },
      },
      CDISpecDirs: null,
      Features: [...features],
      Warnings: [...hostWarnings(host), ...warnings()],
    };
  }

  async diskUsage(types: readonly DiskUsageType[], signal: AbortSignal): Promise<SystemDataUsage> {
    const { containers, images, volumes } = this.#dependencies;
    const wants = (type: DiskUsageType): boolean => types.length === 0 || types.includes(type);
    const usage: SystemDataUsage = {};
    if (wants('image')) {
      const list = await images.list({ all: false, sharedSize: true });
      const size = await images.layersSize();
      const counted = await this.#countContainers(list);
      Object.assign(usage, { LayersSize: size, Images: counted, ImageUsage: imageUsage(counted, size) });
    }
    signal.throwIfAborted();
    if (wants('container')) {
      const all = await containers.list({ all: true, size: true, filters: {} });
      const list = all.map(({ ImageManifestDescriptor: _manifest, ...rest }) => rest);
      Object.assign(usage, { Containers: list, ContainerUsage: containerUsage(list) });
    }
    signal.throwIfAborted();
    if (wants('volume')) {
      const list = await this.#volumes(volumes);
      Object.assign(usage, { Volumes: list, VolumeUsage: volumeUsage(list) });
    }
    if (wants('build-cache')) {
      const list = await this.#dependencies.buildCache(signal);
      Object.assign(usage, {
        BuildCache: list,
        BuildCacheUsage: buildCacheUsage(list),
      });
    }
    return usage;
  }

  /** Images with the number of containers made of each. */
  async #countContainers(images: readonly ImageSummary[]): Promise<ImageSummary[]> {
    const containers = await this.#dependencies.containers.list({ all: true, filters: {} });
    const counts = Map.groupBy(containers, ({ ImageID }) => ImageID);
    return images.map((image) => ({ ...image, Containers: counts.get(image.Id)?.length ?? 0 }));
  }

  async #volumes(volumes: VolumeService): Promise<Volume[]> {
    const { Volumes } = await volumes.list({});
    const containers = await this.#dependencies.containers.list({ all: true, filters: {} });
    const references = (name: string): number =>
      containers.filter(({ Mounts }) => Mounts.some((mount) => mount.Name === name)).length;
    return await Promise.all(
      (Volumes ?? []).map(async (volume) => ({
        ...volume,
        UsageData: { Size: await volumes.usage(volume.Name), RefCount: references(volume.Name) },
      })),
    );
  }
}

/** What Go calls a processor, as Docker's version shows it. */
function goArchitecture(machine: string): string {
  return { x86_64: 'amd64', aarch64: 'arm64' }[machine] ?? machine;
}

function hostLimits({
  limits,
}: HostProbe): Pick<
  SystemInfo,
  | 'MemoryLimit'
  | 'SwapLimit'
  | 'CpuCfsPeriod'
  | 'CpuCfsQuota'
  | 'CPUShares'
  | 'CPUSet'
  | 'PidsLimit'
  | 'OomKillDisable'
  | 'KernelMemoryTCP'
> {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuCfsQuota,
    CpuCfsQuota: limits.cpuCfsQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
    KernelMemoryTCP: limits.kernelMemoryTcp,
  };
}

function securityOptions({ security, cgroup }: HostProbe): string[] {
  return [
    ...(security.apparmor ? ['name=apparmor'] : []),
    ...(security.seccomp ? ['name=seccomp,profile=builtin'] : []),
    ...(security.selinux ? ['name=selinux'] : []),
    ...(cgroup.mode === 'v2' ? ['name=cgroupns'] : []),
  ];
}

function hostWarnings({ limits }: HostProbe): string[] {
  const lacking: readonly (readonly [boolean, string])[] = [
    [limits.memory, 'No memory limit support'],
    [limits.swap, 'No swap limit support'],
    [limits.cpuCfsQuota, 'No cpu cfs quota support'],
    [limits.cpuShares, 'No cpu shares support'],
    [limits.cpuset, 'No cpuset support'],
    [limits.pids, 'No pids limit support'],
  ];
  return lacking.filter(([has]) => !has).map(([, what]) => `WARNING: ${what}`);
}

function imageUsage(list: readonly ImageSummary[], size: number): NonNullable<SystemDataUsage['ImageUsage']> {
  const idle = list.filter(({ Containers }) => Containers === 0);
  const reclaimable = idle.reduce((sum, image) => sum + image.Size - Math.max(image.SharedSize, 0), 0);
  return {
    ActiveCount: list.length - idle.length,
    TotalCount: list.length,
    Reclaimable: reclaimable,
    TotalSize: size,
    Items: [...list],
  };
}

function containerUsage(list: readonly ContainerSummary[]): NonNullable<SystemDataUsage['ContainerUsage']> {
  const active = list.filter(({ State }) => ['running', 'paused', 'restarting'].includes(State));
  const total = list.reduce((sum, { SizeRw }) => sum + (SizeRw ?? 0), 0);
  const held = active.reduce((sum, { SizeRw }) => sum + (SizeRw ?? 0), 0);
  return {
    ActiveCount: active.length,
    TotalCount: list.length,
    Reclaimable: total - held,
    TotalSize: total,
    Items: [...list],
  };
}

function volumeUsage(list: readonly Volume[]): NonNullable<SystemDataUsage['VolumeUsage']> {
  const size = ({ UsageData }: Volume): number => Math.max(UsageData?.Size ?? 0, 0);
  const idle = list.filter(({ UsageData }) => UsageData?.RefCount === 0);
  return {
    ActiveCount: list.length - idle.length,
    TotalCount: list.length,
    Reclaimable: idle.reduce((sum, volume) => sum + size(volume), 0),
    TotalSize: list.reduce((sum, volume) => sum + size(volume), 0),
    Items: [...list],
  };
}

/** A layer that an image has too is the image's. */
function buildCacheUsage(list: readonly BuildCache[]): NonNullable<SystemDataUsage['BuildCacheUsage']> {
  const active = list.filter(({ InUse }) => InUse);
  const sizeOf = (records: readonly BuildCache[]): number => records.reduce((sum, { Size }) => sum + Size, 0);
  return {
    ActiveCount: active.length,
    TotalCount: list.length,
    Reclaimable: sizeOf(list.filter(({ InUse, Shared }) => !InUse && !Shared)),
    TotalSize: sizeOf(list),
    Items: [...list],
  };
}
