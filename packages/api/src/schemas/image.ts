import {
  bool,
  dict,
  empty,
  int,
  list,
  nullable,
  object,
  oneOf,
  type Static,
  str,
  stringOrList,
  time,
} from '../schema/type.ts';
import { HealthConfig } from './container-config.ts';
import { GraphDriverData } from './container-inspect.ts';
import { Descriptor, Platform } from './descriptor.ts';

/** The configuration of an image as Docker shows it: the fields of the OCI image config, and Docker's own. */
export const ImageConfig = object(
  'ImageConfig',
  {},
  {
    User: str(),
    ExposedPorts: nullable(dict(empty)),
    Env: nullable(list(str())),
    Cmd: nullable(stringOrList()),
    Healthcheck: nullable(HealthConfig),
    ArgsEscaped: bool(),
    Volumes: nullable(dict(empty)),
    WorkingDir: str(),
    Entrypoint: nullable(stringOrList()),
    OnBuild: nullable(list(str())),
    Labels: nullable(dict(str())),
    StopSignal: nullable(str()),
    Shell: nullable(stringOrList()),
  },
);
export type ImageConfig = Static<typeof ImageConfig>;

export const RootFS = object('RootFS', { Type: str() }, { Layers: list(str(), 'Digests of the uncompressed layers.') });
export type RootFS = Static<typeof RootFS>;

export const ImageMetadata = object('ImageMetadata', {}, { LastTagTime: time() });
export type ImageMetadata = Static<typeof ImageMetadata>;

/** One manifest of an image index, and how much of it is here. */
export const ImageManifestSummary = object(
  'ImageManifestSummary',
  {
    ID: str(),
    Descriptor,
    Available: bool(),
    Size: object('ImageManifestSize', { Total: int(), Content: int() }),
    Kind: oneOf('image', 'attestation', 'unknown'),
  },
  {
    ImageData: object('ImageManifestImageData', {
      Platform,
      Containers: list(str(), 'Ids of containers of this manifest.'),
      Size: object('ImageManifestUnpackedSize', { Unpacked: int() }),
    }),
    AttestationData: object('ImageManifestAttestationData', { For: str() }),
  },
);
export type ImageManifestSummary = Static<typeof ImageManifestSummary>;

/** Docker's `omitempty` fields are optional. `Config` is an empty object for an artifact that is not a container image. */
export const ImageInspect = object(
  'ImageInspect',
  {
    Id: str(),
    RepoTags: list(str()),
    RepoDigests: list(str()),
    Config: nullable(ImageConfig),
    Architecture: str(),
    Os: str(),
    Size: int('Bytes.'),
    RootFS,
    Metadata: ImageMetadata,
  },
  {
    Descriptor: nullable(Descriptor),
    Manifests: list(ImageManifestSummary),
    Created: nullable(time()),
    Author: str(),
    Comment: str(),
    Parent: str(),
    DockerVersion: str(),
    Variant: str(),
    OsVersion: str(),
    VirtualSize: int('Bytes; gone since API 1.44.'),
    GraphDriver: GraphDriverData,
  },
);
export type ImageInspect = Static<typeof ImageInspect>;

export const ImageSummary = object(
  'ImageSummary',
  {
    Id: str(),
    ParentId: str(),
    RepoTags: nullable(list(str())),
    RepoDigests: nullable(list(str())),
    Created: int('Seconds since the epoch.'),
    Size: int('Bytes.'),
    SharedSize: int('Bytes; -1 when it was not asked for.'),
    Containers: int('How many use it; -1 when it was not asked for.'),
    Labels: nullable(dict(str())),
  },
  { VirtualSize: int('Bytes; gone since API 1.44.'), Descriptor, Manifests: list(ImageManifestSummary) },
);
export type ImageSummary = Static<typeof ImageSummary>;
