import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { PouchError } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  type Descriptor,
  digestAlgorithm,
  digestHex,
  familiarString,
  isIndexType,
  isManifestType,
  MEDIA_TYPE,
  type Platform,
} from '@pouch/oci';
import { pack } from 'tar-stream';
import { openBlob } from './blob-reader.ts';
import type { ImageCatalog } from './image-catalog.ts';
import type { ImageContent, PlatformImage } from './image-content.ts';
import { referenceOfName } from './image-names.ts';
import type { ImageResolver } from './image-resolver.ts';
import { withImageLease } from './reconcile-images.ts';

export interface SaveOptions {
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageSaverDependencies {
  readonly containerd: ContainerdClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly resolver: ImageResolver;
}

/** An image to be saved, and the names it keeps. */
interface Saved {
  readonly root: Descriptor;
  readonly names: string[];
  readonly images: readonly PlatformImage[];
  /** Everything under the root that is here, itself included. */
  readonly blobs: readonly Descriptor[];
}

/** Writes image archives: an OCI layout, with the manifest.json that `docker load` of any age reads. */
export class ImageSaver {
  readonly #deps: ImageSaverDependencies;

  constructor(dependencies: ImageSaverDependencies) {
    this.#deps = dependencies;
  }

  /** Found and checked before the first byte, so that an unknown name is an error and no broken stream. */
  async prepare(references: readonly string[], options: SaveOptions): Promise<() => AsyncIterable<Uint8Array>> {
    if (references.length === 0) throw new PouchError('invalid-argument', 'no images to save were named');
    const saved = new Map<string, Saved>();
    for (const reference of references) await this.#add(reference, options, saved);
    return () => this.#write([...saved.values()], options.signal);
  }

  async #add(text: string, options: SaveOptions, saved: Map<string, Saved>): Promise<void> {
    const { target, name } = await this.#deps.resolver.find(text);
    const chosen = await this.#deps.content.platformImage(target, options.platform);
    const root = options.platform ? chosen.descriptor : target;
    const known = saved.get(root.digest);
    const images = options.platform ? [chosen] : await this.#deps.content.manifests(target);
    const entry = known ?? { root, names: [], images, blobs: await this.#blobs(root) };
    if (name !== undefined && referenceOfName(name) && !entry.names.includes(name)) entry.names.push(name);
    saved.set(root.digest, entry);
  }

  async #blobs(descriptor: Descriptor): Promise<Descriptor[]> {
    if (!(await this.#deps.containerd.content.exists(descriptor.digest))) return [];
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) return [descriptor];
    const document = await this.#deps.content.document(descriptor);
    const children =
      document.kind === 'index' ? document.index.manifests : [document.manifest.config, ...document.manifest.layers];
    const below: Descriptor[] = [];
    for (const child of children) below.push(...(await this.#blobs(child)));
    return [descriptor, ...below];
  }

  async *#write(saved: readonly Saved[], signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const tar = pack();
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const work = this.#pack(tar, saved, either);
    work.catch((error: Error) => tar.destroy(error));
    try {
      for await (const chunk of tar) yield chunk as Uint8Array;
      await work;
    } finally {
      stop.abort();
      tar.destroy();
    }
  }

  async #pack(tar: ReturnType<typeof pack>, saved: readonly Saved[], signal: AbortSignal): Promise<void> {
    const done = new Set<string>();
    // Nothing may be collected while it is read, even if the image is removed meanwhile.
    await withImageLease(this.#deps.containerd.leases, async (lease) => {
      const blobs = saved.flatMap((image) => image.blobs);
      for (const { digest } of blobs) {
        await this.#deps.containerd.leases.addResource(lease, { id: digest, type: 'content' });
      }
      for (const blob of blobs) {
        if (done.has(blob.digest)) continue;
        done.add(blob.digest);
        const source = await openBlob(this.#deps.containerd, blob.digest, 0, signal);
        const entry = tar.entry({ ...HEADER, name: blobName(blob), size: blob.size });
        await pipeline(source, entry, { signal });
      }
    });
    await addText(tar, 'oci-layout', '{"imageLayoutVersion":"1.0.0"}');
    await addText(tar, 'index.json', JSON.stringify(layoutIndex(saved)));
    await addText(tar, 'manifest.json', JSON.stringify(saved.flatMap(dockerEntries)));
    tar.finalize();
  }
}

const HEADER = { mode: 0o444, mtime: new Date(0), uid: 0, gid: 0, type: 'file' as const };

async function addText(tar: ReturnType<typeof pack>, name: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const entry = tar.entry({ ...HEADER, name, size: bytes.length });
  const finished = once(entry, 'finish');
  entry.end(bytes);
  await finished;
}

function blobName({ digest }: Descriptor): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function layoutIndex(saved: readonly Saved[]): object {
  const manifests = saved.flatMap(({ root: { mediaType, digest, size }, names }) => {
    const descriptor = { mediaType, digest, size };
    if (names.length === 0) return [descriptor];
    return names.map((name) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': referenceOfName(name)?.tag ?? '',
      },
    }));
  });
  return { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
}

/** One entry per image whose layers are all here; older loaders know one platform only, so an index gives its first. */
function dockerEntries({ images, names, blobs }: Saved): object[] {
  const here = new Set(blobs.map(({ digest }) => digest));
  const whole = images.find(({ manifest }) => manifest.layers.every(({ digest }) => here.has(digest)));
  if (!whole) return [];
  const tags = names.flatMap((name) => {
    const reference = referenceOfName(name);
    return reference?.tag === undefined ? [] : [familiarString(reference)];
  });
  return [
    {
      Config: blobName(whole.manifest.config),
      RepoTags: tags.length > 0 ? tags : null,
      Layers: whole.manifest.layers.map(blobName),
    },
  ];
}
