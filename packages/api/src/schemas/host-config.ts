import {
  bool,
  dict,
  extend,
  int,
  list,
  object,
  oneOf,
  type Static,
  str,
  stringOrList,
  tuple2,
  uint,
  withNulls,
} from '../schema/type.ts';
import { Mount } from './mount.ts';
import { NULLABLE_RESOURCES, Resources, RestartPolicy } from './resources.ts';

export const PortBinding = object(
  'PortBinding',
  {},
  { HostIp: str("'' is every address."), HostPort: str("A port, a range, or '' for a free one.") },
);
export type PortBinding = Static<typeof PortBinding>;

/** Keys are port/protocol: 80/tcp. */
export const PortMap = dict(list(PortBinding));
export type PortMap = Static<typeof PortMap>;

export const LogConfig = object('LogConfig', {}, { Type: str(), Config: dict(str()) });
export type LogConfig = Static<typeof LogConfig>;

/** How a container meets its host. */
export const HostConfig = extend(
  'HostConfig',
  Resources,
  {},
  {
    Binds: list(str(), 'source:target[:options]; the source is a path on the host or the name of a volume.'),
    ContainerIDFile: str(),
    LogConfig,
    NetworkMode: str('default, bridge, host, none, container:NAME, or a network.'),
    PortBindings: PortMap,
    RestartPolicy,
    AutoRemove: bool(),
    VolumeDriver: str(),
    VolumesFrom: list(str(), 'container[:ro|rw]'),
    ConsoleSize: tuple2(uint(), 'Height and width.'),
    Annotations: dict(str(), 'For the OCI runtime.'),
    CapAdd: stringOrList(),
    CapDrop: stringOrList(),
    Capabilities: stringOrList('The exact list; API 1.40 only.'),
    CgroupnsMode: oneOf('', 'private', 'host'),
    Dns: list(str()),
    DnsOptions: list(str()),
    DnsSearch: list(str()),
    ExtraHosts: list(str(), 'name:address; the address host-gateway is the host.'),
    GroupAdd: list(str()),
    IpcMode: str('none, private, shareable, host or container:NAME.'),
    Cgroup: str(),
    Links: list(str(), 'container[:alias]'),
    OomScoreAdj: int('-1000 to 1000.'),
    PidMode: str("'', host or container:NAME."),
    Privileged: bool(),
    PublishAllPorts: bool(),
    ReadonlyRootfs: bool(),
    SecurityOpt: list(str()),
    StorageOpt: dict(str()),
    Tmpfs: dict(str(), 'Path to mount options.'),
    UTSMode: str("'' or host."),
    UsernsMode: str("'' or host."),
    ShmSize: int('Bytes; 0 is 64 MiB.'),
    Sysctls: dict(str()),
    Runtime: str(),
    Isolation: oneOf('', 'default', 'process', 'hyperv'),
    Mounts: list(Mount),
    MaskedPaths: list(str(), 'Absent leaves the default; an empty list masks nothing.'),
    ReadonlyPaths: list(str(), 'Absent leaves the default; an empty list protects nothing.'),
    Init: bool('Run an init as process 1; absent leaves it to the daemon.'),
    IntelRdtL3Cbm: str('Pouch: the L3 cache schema of Intel RDT, such as L3:0=f.'),
    QuotaId: str('Pouch: the number of the disk quota of /; containers of one number share it. Empty: a free one.'),
    EnableLxcfs: bool(
      'Pouch: show the limits in /proc and /sys, through lxcfs. Absent: where the daemon can; true: or do not start.',
    ),
  },
);
export type HostConfig = Static<typeof HostConfig>;

/** A host configuration as `inspect` shows it. */
export const HostConfigInspect = withNulls('HostConfigInspect', HostConfig, [
  ...NULLABLE_RESOURCES,
  'Binds',
  'PortBindings',
  'VolumesFrom',
  'CapAdd',
  'CapDrop',
  'Dns',
  'DnsOptions',
  'DnsSearch',
  'ExtraHosts',
  'GroupAdd',
  'Links',
  'SecurityOpt',
  'MaskedPaths',
  'ReadonlyPaths',
  'Init',
]);
export type HostConfigInspect = Static<typeof HostConfigInspect>;
