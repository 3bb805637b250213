import {
  bool,
  dict,
  filledUntil,
  int,
  json,
  list,
  nullable,
  object,
  requiredSince,
  since,
  type Static,
  str,
  tuple2,
  until,
} from '../schema/type.ts';

export const PluginsInfo = object('PluginsInfo', {
  Volume: nullable(list(str())),
  Network: nullable(list(str())),
  Authorization: nullable(list(str())),
  Log: nullable(list(str())),
});
export type PluginsInfo = Static<typeof PluginsInfo>;

export const IndexInfo = object('IndexInfo', {
  Name: str(),
  Mirrors: nullable(list(str())),
  Secure: bool(),
  Official: bool(),
});
export type IndexInfo = Static<typeof IndexInfo>;

export const RegistryServiceConfig = object(
  'RegistryServiceConfig',
  {
    InsecureRegistryCIDRs: nullable(list(str())),
    IndexConfigs: dict(IndexInfo),
    Mirrors: nullable(list(str())),
  },
  {
    AllowNondistributableArtifactsCIDRs: until('1.48', filledUntil('1.48', null, nullable(list(str())))),
    AllowNondistributableArtifactsHostnames: until('1.48', filledUntil('1.48', null, nullable(list(str())))),
  },
);
export type RegistryServiceConfig = Static<typeof RegistryServiceConfig>;

export const RuntimeInfo = object(
  'RuntimeInfo',
  {},
  {
    path: str(),
    runtimeArgs: nullable(list(str())),
    status: since('1.44', nullable(dict(str(), 'Facts that the runtime tells of itself.'))),
    runtimeType: str(),
    options: dict(json()),
  },
);
export type RuntimeInfo = Static<typeof RuntimeInfo>;

export const Commit = object('Commit', { ID: str() }, { Expected: until('1.48', str()) });
export type Commit = Static<typeof Commit>;

export const ContainerdInfo = object(
  'ContainerdInfo',
  {},
  {
    Address: str(),
    Namespaces: object('ContainerdNamespaces', { Containers: str(), Plugins: str() }),
  },
);
export type ContainerdInfo = Static<typeof ContainerdInfo>;

/** Docker's swarm, which Pouch has not: the state that says so. */
export const SwarmInfo = object('SwarmInfo', {
  NodeID: str(),
  NodeAddr: str(),
  LocalNodeState: str(),
  ControlAvailable: bool(),
  Error: str(),
  RemoteManagers: nullable(list(json())),
});
export type SwarmInfo = Static<typeof SwarmInfo>;

export const DeviceInfo = object('DeviceInfo', { Source: str(), ID: str() });
export type DeviceInfo = Static<typeof DeviceInfo>;

export const FirewallInfo = object('FirewallInfo', { Driver: str() }, { Info: nullable(list(tuple2(str()))) });
export type FirewallInfo = Static<typeof FirewallInfo>;

/** Whether plugins of the Node Resource Interface are asked. */
export const NRIInfo = object('NRIInfo', {}, { Info: nullable(list(tuple2(str()))) });
export type NRIInfo = Static<typeof NRIInfo>;
/** Something that this host can do or not, found by probing. */
export const HostFeature = object('HostFeature', {
  Name: str(),
  Available: bool(),
  Detail: str('How it is done here, or what is missing.'),
});
export type HostFeature = Static<typeof HostFeature>;

export const NetworkAddressPool = object('NetworkAddressPool', { Base: str(), Size: int() });
export type NetworkAddressPool = Static<typeof NetworkAddressPool>;

export const SystemInfo = object(
  'SystemInfo',
  {
    ID: str(),
    Containers: int(),
    ContainersRunning: int(),
    ContainersPaused: int(),
    ContainersStopped: int(),
    Images: int(),
    Driver: str(),
    DriverStatus: list(tuple2(str())),
    Plugins: PluginsInfo,
    MemoryLimit: bool(),
    SwapLimit: bool(),
    CpuCfsPeriod: bool(),
    CpuCfsQuota: bool(),
    CPUShares: bool(),
    CPUSet: bool(),
    PidsLimit: bool(),
    IPv4Forwarding: bool(),
    Debug: bool(),
    NFd: int('Open files of the daemon.'),
    OomKillDisable: bool(),
    NGoroutines: int('Active handles of the daemon.'),
    SystemTime: str(),
    LoggingDriver: str(),
    CgroupDriver: str('cgroupfs or systemd.'),
    NEventsListener: int(),
    KernelVersion: str(),
    OperatingSystem: str(),
    OSVersion: str(),
    OSType: str(),
    Architecture: str(),
    IndexServerAddress: str(),
    RegistryConfig: nullable(RegistryServiceConfig),
    NCPU: int(),
    MemTotal: int('Bytes.'),
    GenericResources: nullable(list(json())),
    DockerRootDir: str(),
    HttpProxy: str(),
    HttpsProxy: str(),
    NoProxy: str(),
    Name: str("The host's name."),
    Labels: list(str()),
    ExperimentalBuild: bool(),
    ServerVersion: str(),
    Runtimes: dict(RuntimeInfo),
    DefaultRuntime: str(),
    Swarm: SwarmInfo,
    LiveRestoreEnabled: bool(),
    Isolation: str(),
    InitBinary: str(),
    ContainerdCommit: Commit,
    RuncCommit: Commit,
    InitCommit: Commit,
    SecurityOptions: list(str()),
    Warnings: nullable(list(str())),
    CDISpecDirs: requiredSince('1.44', nullable(list(str()))),
  },
  {
    CgroupVersion: str('1 or 2.'),
    KernelMemory: until('1.41', filledUntil('1.41', false, bool())),
    KernelMemoryTCP: until('1.51', filledUntil('1.41', false, bool())),
    BridgeNfIptables: until('1.49', filledUntil('1.49', false, bool())),
    BridgeNfIp6tables: until('1.49', filledUntil('1.49', false, bool())),
    ProductLicense: str(),
    ExecutionDriver: until('1.24', str()),
    DefaultAddressPools: list(NetworkAddressPool),
    FirewallBackend: since('1.49', FirewallInfo),
    DiscoveredDevices: since('1.50', list(DeviceInfo)),
    NRI: since('1.53', NRIInfo),
    Containerd: since('1.46', ContainerdInfo),
    Features: list(HostFeature, 'Pouch: what containers can be given here beyond what Docker has.'),
  },
);
export type SystemInfo = Static<typeof SystemInfo>;
