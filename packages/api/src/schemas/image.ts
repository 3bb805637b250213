import {
  bool,
  dict,
  empty,
  filledUntil,
  int,
  list,
  nullable,
  object,
  oneOf,
  type Schema,
  since,
  type Static,
  str,
  stringOrList,
  time,
  until,
} from '../schema/type.ts';
import { ContainerConfigInspect, HealthConfig } from './container-config.ts';
import { GraphDriverData } from './container-inspect.ts';
import { Descriptor, Platform } from './descriptor.ts';
import { ImageIdentity } from './image-identity.ts';

/** Go's time that nobody set. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** A field of containers that images used to show. */
const ofContainer = <T>(was: unknown, schema: Schema<T>): Schema<T> => until('1.49', filledUntil('1.49', was, schema));

/** The configuration of an image as Docker shows it: the fields of the OCI image config, and Docker's own. */
export const ImageConfig = object(
  'ImageConfig',
  {},
  {
    User: filledUntil('1.51', '', str()),
    ExposedPorts: nullable(dict(empty)),
    Env: filledUntil('1.51', null, nullable(list(str()))),
    Cmd: filledUntil('1.51', null, nullable(stringOrList())),
    Healthcheck: nullable(HealthConfig),
    ArgsEscaped: bool(),
    Volumes: filledUntil('1.51', null, nullable(dict(empty))),
    WorkingDir: filledUntil('1.51', '', str()),
    Entrypoint: filledUntil('1.51', null, nullable(stringOrList())),
    OnBuild: filledUntil('1.51', null, nullable(list(str()))),
    Labels: filledUntil('1.51', null, nullable(dict(str()))),
    StopSignal: nullable(str()),
    Shell: nullable(stringOrList()),
    Hostname: ofContainer('', str('Of no meaning for an image, as are those below.')),
    Domainname: ofContainer('', str()),
    AttachStdin: ofContainer(false, bool()),
    AttachStdout: ofContainer(false, bool()),
    AttachStderr: ofContainer(false, bool()),
    Tty: ofContainer(false, bool()),
    OpenStdin: ofContainer(false, bool()),
    StdinOnce: ofContainer(false, bool()),
    Image: ofContainer('', str()),
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
    ImageData: object(
      'ImageManifestImageData',
      {
        Platform,
        Containers: nullable(list(str(), 'Ids of containers of this manifest.')),
        Size: object('ImageManifestUnpackedSize', { Unpacked: int() }),
      },
      { Identity: since('1.54', ImageIdentity) },
    ),
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
    Descriptor: since('1.48', Descriptor),
    Manifests: since('1.48', list(ImageManifestSummary)),
    Identity: since('1.53', ImageIdentity),
    Created: filledUntil('1.43', ZERO_TIME, time()),
    Author: filledUntil('1.51', '', str()),
    Comment: filledUntil('1.51', '', str()),
    Parent: filledUntil('1.51', '', str()),
    DockerVersion: filledUntil('1.51', '', str()),
    Container: until('1.44', filledUntil('1.44', '', str())),
    ContainerConfig: until('1.44', filledUntil('1.44', null, nullable(ContainerConfigInspect))),
    Variant: str(),
    OsVersion: str(),
    VirtualSize: until('1.43', int('Bytes; the same as Size.')),
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
  {
    VirtualSize: until('1.43', int('Bytes; the same as Size.')),
    Descriptor: since('1.48', Descriptor),
    Manifests: since('1.47', list(ImageManifestSummary)),
  },
);
export type ImageSummary = Static<typeof ImageSummary>;
