import { PouchError } from '@pouch/base';
import { isIndexType, isManifestType } from '../descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import type { JsonReader } from '../json.ts';
import { readDescriptor } from '../manifest.ts';
import type { ArchivedImage, ArchiveFiles } from './blob-sink.ts';

/** Annotations by which index.json names images: containerd's whole name, and the specification's, often just a tag. */
export const IMAGE_NAME_ANNOTATION = 'io.containerd.image.name';
export const REF_NAME_ANNOTATION = 'org.opencontainers.image.ref.name';

export function blobPathOf(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** Images by `index.json` of an OCI layout; a `manifest.json` beside it may have more names for them. */
export function imagesOfOciIndex(
  index: JsonReader,
  docker: JsonReader | undefined,
  files: ArchiveFiles,
): ArchivedImage[] {
  const images = new Map<Digest, { descriptor: ArchivedImage['descriptor']; names: Set<string> }>();
  for (const entry of index.get('manifests').array()) {
    const { annotations, ...descriptor } = readDescriptor(entry);
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) continue;
    const stored = files.find(blobPathOf(descriptor.digest));
    if (stored?.size !== descriptor.size) {
      throw new PouchError(
        'invalid-argument',
        `the archive's index.json names ${descriptor.digest}, which is not in it`,
      );
    }
    const image = images.get(descriptor.digest) ?? { descriptor, names: new Set() };
    const name = annotations?.[IMAGE_NAME_ANNOTATION] ?? wholeName(annotations?.[REF_NAME_ANNOTATION]);
    if (name !== undefined) image.names.add(name);
    images.set(descriptor.digest, image);
  }
  const all = [...images.values()];
  // Which image an entry of manifest.json means is certain only when there is one.
  const entries = docker?.array() ?? [];
  const [only] = all;
  if (only && all.length === 1 && entries.length === 1 && only.names.size === 0) {
    for (const tag of entries[0]?.get('RepoTags').strings() ?? []) only.names.add(tag);
  }
  return all.map(({ descriptor, names }) => ({ descriptor, names: [...names] }));
}

/** A bare tag names no repository. */
function wholeName(ref: string | undefined): string | undefined {
  return ref !== undefined && /[/:]/.test(ref) ? ref : undefined;
}
