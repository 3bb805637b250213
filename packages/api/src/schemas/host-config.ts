import {
  bool,
  dict,
  differs,
  extend,
  int,
  list,
  notActedUpon,
  object,
  oneOf,
  refused,
  since,
  type Static,
  str,
  stringOrList,
  tuple2,
  uint,
  until,
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

export const OciHook = object(
  'OciHook',
  {},
  { Path: str('Absolute, on the host.'), Args: list(str()), Env: list(str()), Timeout: uint('Seconds; 0 is none.') },
);
export type OciHook = Static<typeof OciHook>;

/** How a container meets its host. */
export const HostConfig = extend(
  'HostConfig',
  Resources,
  {},
  {
    Binds: list(str(), 'source:target[:options]; the source is a path on the host or the name of a volume.'),
    ContainerIDFile: notActedUpon('As with Docker, it is the client that writes the file.', str()),
    LogConfig,
    NetworkMode: differs(
      'The network, or the other container, must exist when the container is made; Docker looks at its start.',
      str('default, bridge, host, none, container:NAME, or a network.'),
    ),
    PortBindings: PortMap,
    RestartPolicy,
    AutoRemove: bool(),
    VolumeDriver: str(),
    VolumesFrom: list(str(), 'container[:ro|rw]'),
    ConsoleSize: tuple2(uint(), 'Height and width.'),
    Annotations: since('1.43', dict(str(), 'For the OCI runtime.')),
    CapAdd: stringOrList(),
    CapDrop: stringOrList(),
    Capabilities: until(
      '1.40',
      refused('As by Docker since 20.10: CapAdd and CapDrop say it.', ['CAP_KILL'], stringOrList('The exact list.')),
    ),
    CgroupnsMode: oneOf('', 'private', 'host'),
    Dns: list(str()),
    DnsOptions: list(str()),
    DnsSearch: list(str()),
    ExtraHosts: list(str(), 'name:address; the address host-gateway is the host.'),
    GroupAdd: list(str()),
    IpcMode: str('none, private, shareable, host or container:NAME.'),
    Cgroup: notActedUpon('As with Docker, which has no use for it since 1.9.', str()),
    Links: list(str(), 'container[:alias]'),
    OomScoreAdj: int('-1000 to 1000.'),
    PidMode: str("'', host or container:NAME."),
    Privileged: bool(),
    PublishAllPorts: bool(),
    ReadonlyRootfs: bool(),
    SecurityOpt: list(str()),
    StorageOpt: refused('The host needs a quota driver, and there is none yet.', { size: '1G' }, dict(str())),
    Tmpfs: dict(str(), 'Path to mount options.'),
    UTSMode: str("'' or host."),
    UsernsMode: differs('Other values than host are refused; Docker takes any for none.', str("'' or host.")),
    ShmSize: int('Bytes; 0 is 64 MiB.'),
    Sysctls: differs(
      'One that is not separated by namespaces is refused at once; one of an interface (net.ipv4.conf.eth0.…) is set as it is in any version.',
      dict(str()),
    ),
    Runtime: str(),
    Umask: since('1.56', uint('The umask of every process; the runtime decides without it.')),
    Isolation: differs(
      "As with Docker on Linux, only '' and default are accepted.",
      oneOf('', 'default', 'process', 'hyperv'),
    ),
    Mounts: list(Mount),
    MaskedPaths: list(str(), 'Absent leaves the default; an empty list masks nothing.'),
    ReadonlyPaths: list(str(), 'Absent leaves the default; an empty list protects nothing.'),
    OciHooks: dict(
      list(OciHook),
      'Pouch: programs of the host by stage: createRuntime, createContainer, startContainer, poststart, poststop.',
    ),
    Ssh: bool("Pouch: an SSH server on the container's own address, for the keys given."),
    SshKeys: list(str(), 'Pouch: public keys, as in an authorized_keys file.'),
    SshPort: uint('Pouch: 22 where it is 0.'),
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
