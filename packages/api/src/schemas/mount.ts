import {
  bool,
  dict,
  differs,
  int,
  list,
  notActedUpon,
  object,
  oneOf,
  refused,
  since,
  type Static,
  str,
  uint,
} from '../schema/type.ts';

export const MountType = oneOf('bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster');
export type MountType = Static<typeof MountType>;

export const MountPropagation = oneOf('', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave');
export type MountPropagation = Static<typeof MountPropagation>;

export const BindOptions = object(
  'BindOptions',
  {},
  {
    Propagation: MountPropagation,
    NonRecursive: since('1.40', bool('Do not bind what is mounted below.')),
    CreateMountpoint: since('1.42', bool('Make the directory on the host when it is missing.')),
    ReadOnlyNonRecursive: bool('Mounts below stay writable although the mount is read-only.'),
    ReadOnlyForceRecursive: bool('Fail unless mounts below can be made read-only too.'),
  },
);
export type BindOptions = Static<typeof BindOptions>;

export const VolumeDriverConfig = object('VolumeDriverConfig', {}, { Name: str(), Options: dict(str()) });
export type VolumeDriverConfig = Static<typeof VolumeDriverConfig>;

export const VolumeMountOptions = object(
  'VolumeMountOptions',
  {},
  {
    NoCopy: bool('Do not fill an empty volume with the content of the image.'),
    Labels: dict(str()),
    Subpath: str('A directory inside the volume; it must exist.'),
    DriverConfig: VolumeDriverConfig,
  },
);
export type VolumeMountOptions = Static<typeof VolumeMountOptions>;

export const TmpfsOptions = object(
  'TmpfsOptions',
  {},
  {
    SizeBytes: int('0 is half of the memory.'),
    Mode: uint('File mode, as a number: 511 is 0777.'),
    Options: list(list(str()), 'Pairs of key and value, or a flag alone.'),
  },
);
export type TmpfsOptions = Static<typeof TmpfsOptions>;

export const ImageMountOptions = object('ImageMountOptions', {}, { Subpath: str('A directory inside the image.') });
export type ImageMountOptions = Static<typeof ImageMountOptions>;

export const ClusterOptions = object('ClusterOptions', {}, {});
export type ClusterOptions = Static<typeof ClusterOptions>;

const NO_SWARM = 'There is no swarm.';

export const Mount = object(
  'Mount',
  {},
  {
    Type: differs('image, npipe and cluster are refused.', MountType),
    Source: str('A path on the host, or the name of a volume or an image.'),
    Target: str('A path in the container.'),
    ReadOnly: bool(),
    Consistency: notActedUpon(
      'As with Docker on Linux: it is about Docker Desktop.',
      oneOf('', 'default', 'consistent', 'cached', 'delegated'),
    ),
    BindOptions,
    VolumeOptions: VolumeMountOptions,
    TmpfsOptions,
    ImageOptions: refused('Mounts of images are not available.', {}, ImageMountOptions, {
      Type: 'volume',
      Target: '/x',
    }),
    ClusterOptions: refused(NO_SWARM, {}, ClusterOptions, { Type: 'volume', Target: '/x' }),
  },
);
export type Mount = Static<typeof Mount>;

/** A mount of a container as `inspect` and `ps` show it. */
export const MountPoint = object(
  'MountPoint',
  {
    Type: MountType,
    Source: str(),
    Destination: str(),
    Mode: str(),
    RW: bool(),
    Propagation: MountPropagation,
  },
  { Name: str('Of the volume.'), Driver: str('Of the volume.') },
);
export type MountPoint = Static<typeof MountPoint>;
