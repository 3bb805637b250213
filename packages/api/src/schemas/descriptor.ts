import { dict, int, list, nullable, object, type Static, str } from '../schema/type.ts';

/** An OCI platform (image-spec, image-index). */
export const Platform = object(
  'Platform',
  { architecture: str(), os: str() },
  { 'os.version': str(), 'os.features': list(str()), variant: str() },
);
export type Platform = Static<typeof Platform>;

/** An OCI content descriptor (image-spec, descriptor). */
export const Descriptor = object(
  'Descriptor',
  { mediaType: str(), digest: str(), size: int() },
  {
    urls: list(str()),
    annotations: nullable(dict(str())),
    data: str('Base64.'),
    platform: nullable(Platform),
    artifactType: str(),
  },
);
export type Descriptor = Static<typeof Descriptor>;
