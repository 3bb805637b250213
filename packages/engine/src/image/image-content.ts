import { isErrorCode, PouchError } from '@pouch/base';
import type { CallOptions, Content, Ingest } from '@pouch/containerd';
import {
  choosePlatform,
  type Descriptor,
  type Digest,
  digestOf,
  formatPlatform,
  IMAGE_CONFIG_SIZE_LIMIT,
  type ImageConfig,
  type Index,
  MANIFEST_SIZE_LIMIT,
  type Manifest,
  type ManifestDocument,
  type Platform,
  parseImageConfig,
  parseManifestDocument,
  runnablePlatforms,
  serialiseImageConfig,
} from '@pouch/oci';
import { childLabels, type Labels } from './content-labels.ts';
import { LruMap } from './lru-map.ts';

/** Parsed documents kept in memory; at a few kilobytes each. */
const CACHED_DOCUMENTS = 2000;
const INDEX_DEPTH = 4;

/** One platform's image, read from the content store. */
export interface PlatformImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly platform: Platform;
}

/** Reads and writes the documents of images in containerd's content store. What a digest names never changes: cached. */
export class ImageContent {
  readonly store: Content;
  readonly #ingest: Ingest;
  readonly #documents = new LruMap<string, ManifestDocument>(CACHED_DOCUMENTS);
  readonly #configs = new LruMap<string, ImageConfig>(CACHED_DOCUMENTS);
  readonly #hostPlatform: Platform;

  constructor(content: Content, ingest: Ingest, hostPlatform: Platform) {
    this.store = content;
    this.#ingest = ingest;
    this.#hostPlatform = hostPlatform;
  }

  /** A manifest or an index; `not-found` where it is not here. */
  async document(
    descriptor: Pick<Descriptor, 'digest' | 'mediaType'>,
    options?: CallOptions,
  ): Promise<ManifestDocument> {
    const known = this.#documents.get(descriptor.digest);
    if (known) return known;
    const bytes = await this.store.readAll(descriptor.digest, MANIFEST_SIZE_LIMIT, options);
    const document = parseManifestDocument(bytes, descriptor.mediaType || undefined);
    this.#documents.set(descriptor.digest, document);
    return document;
  }

  /** An image configuration; `not-found` where it is not here. */
  async config(digest: Digest, options?: CallOptions): Promise<ImageConfig> {
    const known = this.#configs.get(digest);
    if (known) return known;
    const config = parseImageConfig(await this.store.readAll(digest, IMAGE_CONFIG_SIZE_LIMIT, options));
    this.#configs.set(digest, config);
    return config;
  }

  /** The index at the image's root, or undefined for a single image. */
  async index(target: Descriptor): Promise<Index | undefined> {
    const document = await this.document(target);
    return document.kind === 'index' ? document.index : undefined;
  }

  /**
   * The image for a platform. Without one: what suits this host best of what is here, else anything that is here. Throws
   * `not-found` when none is.
   */
  async platformImage(target: Descriptor, wanted?: Platform): Promise<PlatformImage> {
    const document = await this.document(target);
    if (document.kind === 'manifest') return await this.#single(target, document.manifest, wanted);
    const here = await this.manifests(target);
    const readable = here.filter((image) => image !== undefined);
    const chosen = choosePlatform(
      readable.map(({ descriptor, platform }) => ({ ...descriptor, platform })),
      wanted ?? this.#hostPlatform,
    );
    const found =
      readable.find(({ descriptor }) => descriptor.digest === chosen?.digest) ?? (wanted ? undefined : readable[0]);
    if (found) return found;
    const which = wanted ? ` for platform ${formatPlatform(wanted)}` : '';
    throw new PouchError('not-found', `image ${target.digest} has no manifest${which} on this host`);
  }

  /** Every platform's image of an index (or the one of a single image) whose manifest and configuration are here. */
  async manifests(target: Descriptor): Promise<PlatformImage[]> {
    const found: PlatformImage[] = [];
    await this.#collect(target, found, 0);
    return found;
  }

  /** Store a manifest or an index, labelled for the garbage collector. Children must be there first. */
  async putDocument(bytes: Uint8Array, mediaType: string, labels: Labels, lease: string): Promise<Descriptor> {
    const document = parseManifestDocument(bytes, mediaType);
    const digest = digestOf(bytes);
    await this.#ingest.bytes({ bytes, digest, labels: { ...labels, ...childLabels(document) } }, { lease });
    this.#documents.set(digest, document);
    return { mediaType, digest, size: bytes.length };
  }

  /** Store an image configuration; returns its digest. */
  async putConfig(config: ImageConfig, labels: Labels, lease: string): Promise<{ digest: Digest; size: number }> {
    const bytes = serialiseImageConfig(config);
    const digest = digestOf(bytes);
    await this.#ingest.bytes({ bytes, digest, labels }, { lease });
    return { digest, size: bytes.length };
  }

  async #single(descriptor: Descriptor, manifest: Manifest, wanted?: Platform): Promise<PlatformImage> {
    const config = await this.config(manifest.config.digest);
    const platform = descriptor.platform ?? config;
    if (wanted && platform.architecture !== '' && !runnablePlatforms(wanted).includes(formatPlatform(platform))) {
      throw new PouchError(
        'not-found',
        `image with reference ${descriptor.digest} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
      );
    }
    return { descriptor, manifest, config, platform: platformOf(platform) };
  }

  async #collect(target: Descriptor, found: PlatformImage[], depth: number): Promise<void> {
    if (isAttestation(target) || depth > INDEX_DEPTH) return;
    try {
      const document = await this.document(target);
      if (document.kind === 'manifest') found.push(await this.#single(target, document.manifest));
      else for (const child of document.index.manifests) await this.#collect(child, found, depth + 1);
    } catch (error) {
      // Not fetched, or an artifact that is no image.
      if (!isErrorCode(error, 'not-found', 'invalid-argument', 'unsupported')) throw error;
    }
  }
}

export function isAttestation(descriptor: Descriptor): boolean {
  return descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}

/** Only the platform of a document that holds one among other things. */
export function platformOf(source: Platform): Platform {
  const { os, architecture, variant } = source;
  const version = source['os.version'];
  const features = source['os.features'];
  return {
    os,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
    ...(features !== undefined && { 'os.features': features }),
  };
}
