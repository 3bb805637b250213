import { dict, int, list, nullable, object, since, type Static, str, uint } from '../schema/type.ts';
import { ContainerStatus, HealthStatus } from './container-state.ts';
import { Descriptor } from './descriptor.ts';
import { MountPoint } from './mount.ts';
import { EndpointSettingsInspect } from './networking-config.ts';

export const Port = object(
  'Port',
  { PrivatePort: uint(), Type: str('tcp, udp or sctp.') },
  { IP: str(), PublicPort: uint() },
);
export type Port = Static<typeof Port>;

export const HealthSummary = object('HealthSummary', { Status: HealthStatus, FailingStreak: int() });
export type HealthSummary = Static<typeof HealthSummary>;

export const ContainerSummary = object(
  'ContainerSummary',
  {
    Id: str(),
    Names: list(str(), 'With a slash before them.'),
    Image: str(),
    ImageID: str(),
    Command: str(),
    Created: int('Seconds since the epoch.'),
    Ports: list(Port),
    Labels: dict(str()),
    State: ContainerStatus,
    Status: str("For people: 'Up 2 hours (healthy)'."),
    HostConfig: object(
      'ContainerSummaryHostConfig',
      { NetworkMode: str() },
      { Annotations: since('1.46', dict(str())) },
    ),
    NetworkSettings: nullable(object('ContainerSummaryNetworks', { Networks: dict(EndpointSettingsInspect) })),
    Mounts: list(MountPoint),
  },
  {
    ImageManifestDescriptor: since('1.48', Descriptor),
    Health: since('1.52', HealthSummary),
    SizeRw: int('Bytes; only when asked for.'),
    SizeRootFs: int('Bytes; only when asked for.'),
  },
);
export type ContainerSummary = Static<typeof ContainerSummary>;
