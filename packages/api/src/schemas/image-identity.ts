import { json, list, object, type Static, str, time } from '../schema/type.ts';
import { Descriptor } from './descriptor.ts';

/** Where an image came from, as far as the daemon saw it with its own eyes. */
export const ImageIdentity = object(
  'ImageIdentity',
  {},
  {
    Signature: list(json('A signature that was verified. Pouch verifies none.')),
    Pull: list(object('ImagePullIdentity', {}, { Repository: str() })),
    Build: list(object('ImageBuildIdentity', {}, { Ref: str(), CreatedAt: time() })),
  },
);
export type ImageIdentity = Static<typeof ImageIdentity>;

/** An in-toto statement that is attached to an image. */
export const AttestationStatement = object(
  'AttestationStatement',
  { Descriptor, PredicateType: str('A URI.') },
  { Statement: json('The whole statement; only when asked for.') },
);
export type AttestationStatement = Static<typeof AttestationStatement>;
