import {
  dict,
  int,
  json,
  list,
  nullable,
  object,
  oneOf,
  refused,
  since,
  type Static,
  str,
  time,
  uint,
} from '../schema/type.ts';

export const VolumeUsageData = object('VolumeUsageData', {
  Size: int('Bytes; -1 when it is not known.'),
  RefCount: int('Containers that use it; -1 when it is not known.'),
});
export type VolumeUsageData = Static<typeof VolumeUsageData>;

export const Volume = object(
  'Volume',
  {
    Name: str(),
    Driver: str(),
    Mountpoint: str(),
    Labels: nullable(dict(str())),
    Options: nullable(dict(str())),
    Scope: oneOf('local', 'global'),
  },
  { CreatedAt: time(), Status: dict(json()), UsageData: VolumeUsageData },
);
export type Volume = Static<typeof Volume>;

/** `DriverOpts` of the local driver are those of mount(8): type, o and device. */
export const VolumeCreateRequest = object(
  'VolumeCreateRequest',
  {},
  {
    Name: str(),
    Driver: str(),
    DriverOpts: dict(str()),
    Labels: dict(str()),
    ClusterVolumeSpec: since('1.42', refused('There is no swarm.', {}, json())),
  },
);
export type VolumeCreateRequest = Static<typeof VolumeCreateRequest>;

export const VolumeListResponse = object('VolumeListResponse', {
  Volumes: list(Volume),
  Warnings: nullable(list(str())),
});
export type VolumeListResponse = Static<typeof VolumeListResponse>;

export const VolumePruneResponse = object('VolumePruneResponse', {
  VolumesDeleted: nullable(list(str())),
  SpaceReclaimed: uint(),
});
export type VolumePruneResponse = Static<typeof VolumePruneResponse>;
