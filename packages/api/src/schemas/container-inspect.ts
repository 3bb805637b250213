import {
  bool,
  dict,
  filledUntil,
  int,
  list,
  nullable,
  object,
  type Schema,
  since,
  type Static,
  str,
  time,
  until,
} from '../schema/type.ts';
import { ContainerConfigInspect } from './container-config.ts';
import { ContainerState } from './container-state.ts';
import { Descriptor } from './descriptor.ts';
import { DiskQuotaUsage } from './disk-quota.ts';
import { HostConfigInspect, PortBinding } from './host-config.ts';
import { MountPoint } from './mount.ts';
import { EndpointSettingsInspect } from './networking-config.ts';
import { ContainerUpgradeState } from './container-upgrade.ts';

export const GraphDriverData = object('GraphDriverData', { Name: str(), Data: nullable(dict(str())) });
export type GraphDriverData = Static<typeof GraphDriverData>;

export const ContainerStorage = object(
  'ContainerStorage',
  {},
  { RootFS: object('ContainerRootFS', {}, { Snapshot: object('ContainerRootFSSnapshot', {}, { Name: str() }) }) },
);
export type ContainerStorage = Static<typeof ContainerStorage>;

export const IPAddress = object('IPAddress', { Addr: str(), PrefixLen: int() });
export type IPAddress = Static<typeof IPAddress>;

/** A network's setting of the times when a container had only one. */
const old = <T>(was: unknown, schema: Schema<T>): Schema<T> => until('1.51', filledUntil('1.51', was, schema));

export const NetworkSettings = object(
  'NetworkSettings',
  {
    SandboxID: str(),
    SandboxKey: str('The path of the network namespace.'),
    Ports: dict(nullable(list(PortBinding)), 'null: exposed, not published.'),
    Networks: dict(EndpointSettingsInspect),
  },
  {
    Bridge: old('', str()),
    HairpinMode: old(false, bool()),
    LinkLocalIPv6Address: old('', str()),
    LinkLocalIPv6PrefixLen: old(0, int()),
    SecondaryIPAddresses: old(null, nullable(list(IPAddress))),
    SecondaryIPv6Addresses: old(null, nullable(list(IPAddress))),
    EndpointID: old('', str('Of the default bridge, as are those below.')),
    Gateway: old('', str()),
    GlobalIPv6Address: old('', str()),
    GlobalIPv6PrefixLen: old(0, int()),
    IPAddress: old('', str()),
    IPPrefixLen: old(0, int()),
    IPv6Gateway: old('', str()),
    MacAddress: old('', str()),
  },
);
export type NetworkSettings = Static<typeof NetworkSettings>;

export const ContainerInspect = object(
  'ContainerInspect',
  {
    Id: str(),
    Created: time(),
    Path: str('The command.'),
    Args: list(str()),
    State: ContainerState,
    Image: str("The image's digest."),
    ResolvConfPath: str(),
    HostnamePath: str(),
    HostsPath: str(),
    LogPath: str(),
    Name: str('With a slash before it.'),
    RestartCount: int(),
    Driver: str(),
    Platform: str(),
    MountLabel: str(),
    ProcessLabel: str(),
    AppArmorProfile: str(),
    ExecIDs: nullable(list(str())),
    HostConfig: HostConfigInspect,
    Mounts: list(MountPoint),
    Config: ContainerConfigInspect,
    NetworkSettings,
  },
  {
    ImageManifestDescriptor: since('1.48', Descriptor),
    GraphDriver: GraphDriverData,
    Storage: since('1.52', ContainerStorage),
    Upgrade: ContainerUpgradeState,
    AssignedCpus: str('Pouch: the CPUs chosen where HostConfig.CpusetCpus is auto.'),
    DiskQuotas: list(DiskQuotaUsage),
    SizeRw: int('Bytes; only when asked for.'),
    SizeRootFs: int('Bytes; only when asked for.'),
  },
);
export type ContainerInspect = Static<typeof ContainerInspect>;
