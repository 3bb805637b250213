import { randomBytes } from 'node:crypto';
import { type Descriptor, digestOf, MEDIA_TYPE, parseReference } from '@pouch/oci';
import type { RegistryClient } from '@pouch/registry';
import { type TarEntry, tar } from '../hostile/tar-bytes.ts';
import { blobOf, type ExampleBlob, opener } from '../registry/fixtures.ts';

/** A layer with one file of random bytes: it cannot be compressed. */
export function layerBlob(name: string, bytes: number): ExampleBlob {
  return layerOf({ name, body: randomBytes(bytes) });
}

export function layerOf(...entries: readonly TarEntry[]): ExampleBlob {
  const bytes = tar(...entries);
  return { bytes, descriptor: { mediaType: MEDIA_TYPE.ociLayer, digest: digestOf(bytes), size: bytes.length } };
}

/** Put an image of these layers into a registry, past any daemon. Returns the manifest's descriptor. */
export async function putImage(
  client: RegistryClient,
  name: string,
  layers: readonly ExampleBlob[],
  architecture = 'amd64',
): Promise<Descriptor> {
  const reference = parseReference(name);
  const config = blobOf(
    JSON.stringify({
      os: 'linux',
      architecture,
      config: { Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
    }),
    MEDIA_TYPE.ociConfig,
  );
  for (const blob of [...layers, config]) await client.pushBlob(reference, blob.descriptor, { open: opener(blob) });
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    }),
    MEDIA_TYPE.ociManifest,
  );
  await client.pushManifest(reference, manifest.bytes, MEDIA_TYPE.ociManifest);
  return manifest.descriptor;
}
