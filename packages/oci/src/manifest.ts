import { PouchError } from '@pouch/base';
import { type Descriptor, isIndexType, isManifestType, isSchema1Type, MEDIA_TYPE } from './descriptor.ts';
import { digestProblem, parseDigest } from './digest.ts';
import { compact, JsonReader } from './json.ts';
import { readPlatform } from './platform.ts';

/** Bytes; what registries enforce too (distribution-spec, "Pushing Manifests"). */
export const MANIFEST_SIZE_LIMIT = 4 * 1024 * 1024;
/** Far above any real image: overlayfs stops at a few hundred. */
const LAYER_LIMIT = 10_000;

/** An image manifest: Docker's schema 2 and OCI's, which differ in media types only. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
}

/** An OCI index or a Docker manifest list. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
}

export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index };

/**
 * Parse a manifest or an index from the bytes of a registry or an archive. `mediaType` is what the carrier declared, which
 * must agree with the document. Throws invalid-argument, too-large, or unsupported for schema 1.
 */
export function parseManifestDocument(data: Uint8Array, mediaType?: string): ManifestDocument {
  const reader = JsonReader.parse(data, MANIFEST_SIZE_LIMIT, 'manifest');
  const declared = mediaType === undefined ? undefined : bareMediaType(mediaType);
  if ((declared !== undefined && isSchema1Type(declared)) || isSchema1(reader)) throw schema1Refusal();
  if (reader.get('schemaVersion').integer() !== 2) throw reader.get('schemaVersion').fail('must be 2');
  const own = reader.get('mediaType').optionalString();
  const type = own ?? (declared !== undefined && isKnown(declared) ? declared : guessType(reader));
  if (!isKnown(type)) {
    throw new PouchError('unsupported', `manifest has the media type ${JSON.stringify(type)}, which is not an image`);
  }
  if (declared !== undefined && isKnown(declared) && isIndexType(declared) !== isIndexType(type)) {
    throw reader.fail(`was served as ${declared} but says it is ${type}`);
  }
  return isIndexType(type)
    ? { kind: 'index', index: readIndex(reader, type) }
    : { kind: 'manifest', manifest: readManifest(reader, type) };
}

/** Parse an image manifest; an index is refused. */
export function parseManifest(data: Uint8Array, mediaType?: string): Manifest {
  const document = parseManifestDocument(data, mediaType);
  if (document.kind === 'manifest') return document.manifest;
  throw new PouchError('invalid-argument', 'manifest is an index of several images, expected one image');
}

/** Parse an index or a manifest list; a single image's manifest is refused. */
export function parseIndex(data: Uint8Array, mediaType?: string): Index {
  const document = parseManifestDocument(data, mediaType);
  if (document.kind === 'index') return document.index;
  throw new PouchError('invalid-argument', 'manifest is a single image, expected an index');
}

/** A descriptor out of any document. Throws invalid-argument. */
export function readDescriptor(reader: JsonReader): Descriptor {
  const digest = reader.get('digest').string();
  const problem = digestProblem(digest);
  if (problem !== undefined) throw reader.get('digest').fail(`is invalid: ${problem}`);
  const size = reader.get('size').integer();
  if (size < 0) throw reader.get('size').fail('must not be negative');
  return compact<Descriptor>({
    mediaType: reader.get('mediaType').optionalString() ?? '',
    digest: parseDigest(digest),
    size,
    urls: reader.get('urls').optional((urls) => urls.strings(100)),
    annotations: reader.get('annotations').optional((annotations) => annotations.stringMap()),
    platform: reader.get('platform').optional(readPlatform),
    artifactType: reader.get('artifactType').optionalString(),
  });
}

/** The media type without parameters, in lower case: `application/json; charset=utf-8` → `application/json`. */
export function bareMediaType(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function readManifest(reader: JsonReader, mediaType: string): Manifest {
  if (!reader.get('config').exists) throw reader.fail('has no config');
  return compact<Manifest>({
    schemaVersion: 2,
    mediaType,
    config: readDescriptor(reader.get('config')),
    layers: reader.get('layers').array(LAYER_LIMIT).map(readDescriptor),
    annotations: reader.get('annotations').optional((annotations) => annotations.stringMap()),
    subject: reader.get('subject').optional(readDescriptor),
    artifactType: reader.get('artifactType').optionalString(),
  });
}

function readIndex(reader: JsonReader, mediaType: string): Index {
  return compact<Index>({
    schemaVersion: 2,
    mediaType,
    manifests: reader.get('manifests').array(LAYER_LIMIT).map(readDescriptor),
    annotations: reader.get('annotations').optional((annotations) => annotations.stringMap()),
    subject: reader.get('subject').optional(readDescriptor),
    artifactType: reader.get('artifactType').optionalString(),
  });
}

function isKnown(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

function isSchema1(reader: JsonReader): boolean {
  return reader.get('schemaVersion').exists && reader.get('schemaVersion').integer() === 1;
}

/** OCI documents may leave out their own media type. One that could be read both ways is refused. */
function guessType(reader: JsonReader): string {
  const isImage = reader.get('config').exists || reader.get('layers').exists;
  const isIndex = reader.get('manifests').exists;
  if (isImage === isIndex) throw reader.fail('is neither clearly an image manifest nor clearly an index');
  return isIndex ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
}

function schema1Refusal(): PouchError {
  return new PouchError(
    'unsupported',
    'the image has a Docker schema 1 manifest, a format that was withdrawn; push it again with a current client (schema 2 or OCI)',
  );
}
