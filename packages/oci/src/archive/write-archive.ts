import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asPouchError, PouchError } from '@pouch/base';
import { pack } from 'tar-stream';
import { type Descriptor, isForeignLayerType } from '../descriptor.ts';
import { type Digest, digestOf } from '../digest.ts';
import { MANIFEST_SIZE_LIMIT, type Manifest, parseManifest } from '../manifest.ts';
import { canonicalString, familiarString, type ImageReference } from '../reference.ts';
import type { BlobSource } from './blob-sink.ts';
import { blobPathOf, IMAGE_NAME_ANNOTATION, REF_NAME_ANNOTATION } from './oci-layout.ts';

export interface ImageToSave {
  /** Of one image's manifest; of an index, choose the platform's first. */
  readonly descriptor: Descriptor;
  /** Each with a tag; none for an image saved by its ID. */
  readonly names: readonly ImageReference[];
}

type Pack = ReturnType<typeof pack>;

/**
 * An archive that `docker load` takes (manifest.json) and that is an OCI layout too. The same images give the same bytes. Its
 * stream fails with what the source failed with.
 */
export function writeImageArchive(images: readonly ImageToSave[], source: BlobSource, signal?: AbortSignal): Readable {
  const tar = pack();
  writeAll(tar, images, source, signal).catch((error: unknown) => tar.destroy(asPouchError(error)));
  return Readable.from(tar as unknown as AsyncIterable<Buffer>, { objectMode: false });
}

async function writeAll(
  tar: Pack,
  images: readonly ImageToSave[],
  source: BlobSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const written = new Set<Digest>();
  const add = async (descriptor: Descriptor): Promise<void> => {
    signal?.throwIfAborted();
    if (written.has(descriptor.digest)) return;
    written.add(descriptor.digest);
    await addStream(tar, blobPathOf(descriptor.digest), descriptor.size, await source.open(descriptor));
  };
  await addFile(tar, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const manifests = new Map<Digest, Manifest>();
  for (const { descriptor } of images) {
    if (manifests.has(descriptor.digest)) continue;
    const manifest = await readManifest(descriptor, source);
    manifests.set(descriptor.digest, manifest);
    await add(descriptor);
    await add(manifest.config);
    for (const layer of manifest.layers) if (!isForeignLayerType(layer.mediaType)) await add(layer);
  }
  await addFile(tar, 'index.json', JSON.stringify(ociIndex(images)));
  await addFile(tar, 'manifest.json', JSON.stringify(dockerManifest(images, manifests)));
  tar.finalize();
}

function ociIndex(images: readonly ImageToSave[]): object {
  const manifests = images.flatMap(({ descriptor, names }) => {
    const { annotations: _, ...bare } = descriptor;
    const named = names.map((name) => ({
      ...bare,
      annotations: { [IMAGE_NAME_ANNOTATION]: canonicalString(name), [REF_NAME_ANNOTATION]: name.tag ?? '' },
    }));
    return named.length > 0 ? named : [bare];
  });
  return { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
}

function dockerManifest(images: readonly ImageToSave[], manifests: ReadonlyMap<Digest, Manifest>): object[] {
  return [...manifests].map(([digest, manifest]) => ({
    Config: blobPathOf(manifest.config.digest),
    RepoTags: images
      .filter(({ descriptor }) => descriptor.digest === digest)
      .flatMap(({ names }) => names.map(familiarString)),
    Layers: manifest.layers.map((layer) => blobPathOf(layer.digest)),
  }));
}

async function readManifest(descriptor: Descriptor, source: BlobSource): Promise<Manifest> {
  if (descriptor.size > MANIFEST_SIZE_LIMIT)
    throw new PouchError('too-large', `manifest ${descriptor.digest} is too large`);
  const bytes = Buffer.concat(await Array.fromAsync((await source.open(descriptor)) as AsyncIterable<Buffer>));
  if (digestOf(bytes) !== descriptor.digest)
    throw new PouchError('data-loss', `stored manifest ${descriptor.digest} is corrupted`);
  return parseManifest(bytes, descriptor.mediaType);
}

async function addFile(tar: Pack, name: string, content: string): Promise<void> {
  const bytes = Buffer.from(content);
  await addStream(tar, name, bytes.length, Readable.from([bytes]));
}

async function addStream(tar: Pack, name: string, size: number, content: Readable): Promise<void> {
  // A fixed time and mode, so that equal images give equal archives.
  const entry = tar.entry({ name, size, mode: 0o644, mtime: new Date(0) });
  await pipeline(content, entry as unknown as NodeJS.WritableStream);
}
