import { bool, dict, int, list, nullable, object, type Static, str, time } from '../schema/type.ts';
import { ContainerConfigInspect } from './container-config.ts';
import { ContainerState } from './container-state.ts';
import { Descriptor } from './descriptor.ts';
import { DiskQuotaUsage } from './disk-quota.ts';
import { HostConfigInspect, PortBinding } from './host-config.ts';
import { MountPoint } from './mount.ts';
import { EndpointSettingsInspect } from './networking-config.ts';

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

export const NetworkSettings = object(
  'NetworkSettings',
  {
    SandboxID: str(),
    SandboxKey: str('The path of the network namespace.'),
    Ports: dict(nullable(list(PortBinding)), 'null: exposed, not published.'),
    Networks: dict(EndpointSettingsInspect),
  },
  {
    Bridge: str(),
    HairpinMode: bool(),
    LinkLocalIPv6Address: str(),
    LinkLocalIPv6PrefixLen: int(),
    SecondaryIPAddresses: nullable(list(IPAddress)),
    SecondaryIPv6Addresses: nullable(list(IPAddress)),
    EndpointID: str('Of the default bridge, as are those below; gone since API 1.52.'),
    Gateway: str(),
    GlobalIPv6Address: str(),
    GlobalIPv6PrefixLen: int(),
    IPAddress: str(),
    IPPrefixLen: int(),
    IPv6Gateway: str(),
    MacAddress: str(),
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
    ImageManifestDescriptor: Descriptor,
    GraphDriver: GraphDriverData,
    Storage: ContainerStorage,
    DiskQuotas: list(DiskQuotaUsage),
    SizeRw: int('Bytes; only when asked for.'),
    SizeRootFs: int('Bytes; only when asked for.'),
  },
);
export type ContainerInspect = Static<typeof ContainerInspect>;
