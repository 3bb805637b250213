import { Readable } from 'node:stream';
import { PouchError } from '@pouch/base';
import { type Descriptor, MEDIA_TYPE } from '../descriptor.ts';
import { digestOf } from '../digest.ts';
import type { JsonReader } from '../json.ts';
import type { ArchivedImage, ArchiveFiles, StoredBlob } from './blob-sink.ts';

/** Images by `manifest.json` of `docker save`, which names a configuration and layers but is no manifest itself: one is made. */
export async function imagesOfDockerManifest(document: JsonReader, files: ArchiveFiles): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const entry of document.array()) {
    const config = need(files, entry.get('Config').string());
    const layers = entry
      .get('Layers')
      .strings()
      .map((path) => need(files, path));
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.dockerManifest,
        config: { mediaType: MEDIA_TYPE.dockerConfig, digest: config.digest, size: config.size },
        layers: layers.map(layerDescriptor),
      }),
    );
    const descriptor = { mediaType: MEDIA_TYPE.dockerManifest, digest: digestOf(bytes), size: bytes.length };
    await files.sink.put(Readable.from([bytes]), { size: bytes.length, expected: descriptor.digest });
    images.push({ descriptor, names: entry.get('RepoTags').strings() });
  }
  return images;
}

function layerDescriptor({ digest, size, compression }: StoredBlob): Descriptor {
  const mediaType = {
    none: MEDIA_TYPE.dockerLayer,
    gzip: MEDIA_TYPE.dockerLayerGzip,
    zstd: MEDIA_TYPE.dockerLayerZstd,
  }[compression];
  return { mediaType, digest, size };
}

function need(files: ArchiveFiles, path: string): StoredBlob {
  const clean = path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
  const found = files.find(clean);
  if (!found)
    throw new PouchError(
      'invalid-argument',
      `the archive's manifest.json names ${JSON.stringify(path)}, which is not in it`,
    );
  return found;
}
