import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  canRun,
  type Descriptor,
  type Digest,
  familiarString,
  IMAGE_CONFIG_SIZE_LIMIT,
  MANIFEST_SIZE_LIMIT,
  type Platform,
  parseImageConfig,
  parseManifestDocument,
  parseReference,
  samePlatform,
} from '@pouch/oci';
import { readFile } from 'node:fs/promises';
import { type ArchiveContents, readArchiveImages } from './archive/archive-images.ts';
import { ArchiveSpool, type SpooledFile } from './archive/archive-spool.ts';
import { childLabels } from './content-labels.ts';
import type { ImageCatalog } from './image-catalog.ts';
import { isAttestation } from './image-content.ts';
import { danglingName } from './image-names.ts';
import type { Progress } from './image-service.ts';
import { withImageLease } from './reconcile-images.ts';

export interface LoadOptions {
  readonly platform?: Platform | undefined;
  readonly quiet?: boolean | undefined;
  readonly onProgress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageLoaderDependencies {
  readonly containerd: ContainerdClient;
  readonly catalog: ImageCatalog;
  /** Makes the file system of a stored image, under the lease that holds its content. */
  readonly unpack: (target: Descriptor, lease: string, signal?: AbortSignal) => Promise<void>;
  readonly onLoaded: (id: Digest, name: string) => void;
}

/** One archive on its way into the store. */
interface Load {
  readonly contents: ArchiveContents;
  readonly lease: string;
  readonly options: LoadOptions;
  readonly done: Set<string>;
  /** Documents that were looked at, with what each held: an index may name the same one thousands of times. */
  readonly seen: Map<string, number>;
}

/** Brings the images of an archive into containerd. */
export class ImageLoader {
  readonly #directory: string;
  readonly #deps: ImageLoaderDependencies;

  constructor(options: { readonly directory: string }, dependencies: ImageLoaderDependencies) {
    this.#directory = join(options.directory, 'tmp');
    this.#deps = dependencies;
  }

  async load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await using spool = await ArchiveSpool.read(archive, this.#directory, options.signal);
    const contents = await readArchiveImages(spool);
    await withImageLease(this.#deps.containerd.leases, async (lease) => {
      const load: Load = { contents, lease, options, done: new Set(), seen: new Map() };
      for (const image of contents.images) await this.#loadImage(image.target, image.names, load);
    });
  }

  async #loadImage(target: Descriptor, names: readonly string[], load: Load): Promise<void> {
    const found = await this.#store(target, load, 0);
    if (found === 0) {
      throw new PouchError(
        'not-found',
        `The archive holds no image for the platform that was asked for (${target.digest}).`,
      );
    }
    await this.#deps.unpack(target, load.lease, load.options.signal);
    for (const name of names) {
      await this.#deps.catalog.put(name, target);
      const shown = familiarString(parseReference(name));
      load.options.onProgress?.({ stream: `Loaded image: ${shown}\n` });
      this.#deps.onLoaded(target.digest, shown);
    }
    if (names.length > 0) return;
    if (this.#deps.catalog.namesOf(target.digest).length === 0) {
      await this.#deps.catalog.put(danglingName(target.digest), target);
    }
    load.options.onProgress?.({ stream: `Loaded image ID: ${target.digest}\n` });
    this.#deps.onLoaded(target.digest, target.digest);
  }

  /** Store a document after everything under it. Returns how many whole platform images that made. */
  async #store(target: Descriptor, load: Load, depth: number): Promise<number> {
    const known = load.seen.get(target.digest);
    if (known !== undefined) return known;
    load.seen.set(target.digest, 0);
    const found = await this.#storeNew(target, load, depth);
    load.seen.set(target.digest, found);
    return found;
  }

  async #storeNew(target: Descriptor, load: Load, depth: number): Promise<number> {
    const bytes = await this.#document(target, load);
    if (!bytes || depth > 3) return 0;
    const document = parseManifestDocument(bytes, target.mediaType || undefined);
    let found = 0;
    if (document.kind === 'index') {
      for (const child of document.index.manifests) found += await this.#store(child, load, depth + 1);
    } else {
      const { config, layers } = document.manifest;
      const wanted = isAttestation(target) || (await this.#isWanted(config, load));
      if (!wanted || !(await this.#hasAll([config, ...layers], load))) return 0;
      await this.#put(config, {}, load);
      for (const layer of layers) await this.#putLayer(layer, load);
      found = isAttestation(target) ? 0 : 1;
    }
    if (found > 0 || isAttestation(target)) await this.#put(target, childLabels(document), load);
    return found;
  }

  /** Whether the platform that was asked for, if any, is the configuration's. */
  async #isWanted(config: Descriptor, load: Load): Promise<boolean> {
    const { platform } = load.options;
    if (!platform) return true;
    const blob = load.contents.blobs.get(config.digest);
    if (!blob || blobSize(blob) > IMAGE_CONFIG_SIZE_LIMIT) return false;
    const own = parseImageConfig(await blobBytes(blob));
    return samePlatform(platform, own) || canRun(platform, own);
  }

  async #hasAll(descriptors: readonly Descriptor[], load: Load): Promise<boolean> {
    for (const { digest, size } of descriptors) {
      const blob = load.contents.blobs.get(digest);
      if (blob && blobSize(blob) !== size) {
        throw new PouchError(
          'invalid-argument',
          `The blob ${digest} in the archive has ${blobSize(blob)} bytes, expected ${size}.`,
        );
      }
      if (!blob && !(await this.#deps.containerd.content.exists(digest))) {
        // An index may name images that were not saved; one that is there must be there whole.
        if (load.contents.blobs.size > 0 && descriptors.some((other) => load.contents.blobs.has(other.digest))) {
          throw new PouchError('invalid-argument', `The archive is incomplete: it lacks the blob ${digest}.`);
        }
        return false;
      }
    }
    return true;
  }

  async #document(target: Descriptor, load: Load): Promise<Buffer | undefined> {
    const blob = load.contents.blobs.get(target.digest);
    if (!blob) return undefined;
    if (blobSize(blob) > MANIFEST_SIZE_LIMIT) {
      throw new PouchError(
        'too-large',
        `The manifest ${target.digest} has ${blobSize(blob)} bytes; at most ${MANIFEST_SIZE_LIMIT} are accepted.`,
      );
    }
    return await blobBytes(blob);
  }

  async #putLayer(layer: Descriptor, load: Load): Promise<void> {
    const { quiet, onProgress, signal } = load.options;
    signal?.throwIfAborted();
    const id = layer.digest.slice(7, 19);
    const isNew = !load.done.has(layer.digest);
    if (isNew && !quiet)
      onProgress?.({ status: 'Loading layer', id, progressDetail: { current: 0, total: layer.size } });
    await this.#put(layer, {}, load);
    if (isNew && !quiet)
      onProgress?.({ status: 'Loading layer', id, progressDetail: { current: layer.size, total: layer.size } });
  }

  async #put({ digest, size }: Descriptor, labels: Readonly<Record<string, string>>, load: Load): Promise<void> {
    if (load.done.has(digest)) return;
    const blob = load.contents.blobs.get(digest);
    const { ingest } = this.#deps.containerd;
    const options = { lease: load.lease, signal: load.options.signal };
    if (Buffer.isBuffer(blob)) await ingest.bytes({ bytes: blob, digest, labels }, options);
    else if (blob) await ingest.file({ path: blob.path, digest, size, labels, verified: true }, options);
    else await this.#deps.containerd.leases.addResource(load.lease, { id: digest, type: 'content' });
    load.done.add(digest);
  }
}

function blobSize(blob: SpooledFile | Buffer): number {
  return Buffer.isBuffer(blob) ? blob.length : blob.size;
}

async function blobBytes(blob: SpooledFile | Buffer): Promise<Buffer> {
  return Buffer.isBuffer(blob) ? blob : await readFile(blob.path);
}
