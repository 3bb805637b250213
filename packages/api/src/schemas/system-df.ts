import {
  bool,
  filledUntil,
  int,
  list,
  nullable,
  object,
  since,
  type Static,
  str,
  time,
  until,
} from '../schema/type.ts';
import { ContainerSummary } from './container-summary.ts';
import { ImageSummary } from './image.ts';
import { Volume } from './volume.ts';

export const BuildCache = object(
  'BuildCache',
  {
    ID: str(),
    Type: str(),
    Description: str(),
    InUse: bool(),
    Shared: bool(),
    Size: int('Bytes.'),
    CreatedAt: time(),
    LastUsedAt: nullable(time()),
    UsageCount: int(),
  },
  { Parents: since('1.42', list(str())), Parent: until('1.41', str()) },
);
export type BuildCache = Static<typeof BuildCache>;

/** Docker leaves out what is 0. */
const usage = { ActiveCount: int(), TotalCount: int(), Reclaimable: int('Bytes.'), TotalSize: int('Bytes.') };

export const ImagesDiskUsage = object('ImagesDiskUsage', {}, { ...usage, Items: list(ImageSummary) });
export type ImagesDiskUsage = Static<typeof ImagesDiskUsage>;

export const ContainersDiskUsage = object('ContainersDiskUsage', {}, { ...usage, Items: list(ContainerSummary) });
export type ContainersDiskUsage = Static<typeof ContainersDiskUsage>;

export const VolumesDiskUsage = object('VolumesDiskUsage', {}, { ...usage, Items: list(Volume) });
export type VolumesDiskUsage = Static<typeof VolumesDiskUsage>;

export const BuildCacheDiskUsage = object('BuildCacheDiskUsage', {}, { ...usage, Items: list(BuildCache) });
export type BuildCacheDiskUsage = Static<typeof BuildCacheDiskUsage>;

/** The lists are the shape until API 1.51; the `…Usage` objects, the one of later versions, which have the lists too unless `verbose` is asked for. */
export const SystemDataUsage = object(
  'SystemDataUsage',
  {},
  {
    LayersSize: int('Bytes.'),
    Images: nullable(list(ImageSummary)),
    Containers: nullable(list(ContainerSummary)),
    Volumes: nullable(list(Volume)),
    BuildCache: nullable(list(BuildCache)),
    BuilderSize: until('1.41', filledUntil('1.41', 0, int('Bytes; BuildCache tells more.'))),
    ImageUsage: since('1.52', ImagesDiskUsage),
    ContainerUsage: since('1.52', ContainersDiskUsage),
    VolumeUsage: since('1.52', VolumesDiskUsage),
    BuildCacheUsage: since('1.52', BuildCacheDiskUsage),
  },
);
export type SystemDataUsage = Static<typeof SystemDataUsage>;
