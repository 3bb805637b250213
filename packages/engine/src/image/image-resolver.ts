import { PouchError } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  canonicalName,
  canonicalString,
  chainId,
  type Descriptor,
  isImageIdentifier,
  parsePlatform,
  parseReference,
  tryParseReference,
  withDefaultTag,
  withDigest,
} from '@pouch/oci';
import { snapshotLabel } from './content-labels.ts';
import type { ImageCatalog, ImageName } from './image-catalog.ts';
import type { ImageContent, PlatformImage } from './image-content.ts';
import { idPrefixOf, noSuchImage, referenceOfName } from './image-names.ts';
import type { ContainerImage } from './image-service.ts';
import { layersOf, requireLinux, type Unpacker } from './unpack/unpacker.ts';
import { withImageLease } from './reconcile-images.ts';

/** What a user's word for an image leads to. */
export interface FoundImage {
  readonly target: Descriptor;
  /** The stored name that was meant; undefined when the image was named by its id. */
  readonly name?: string;
}

export interface ImageResolverDependencies {
  readonly containerd: ContainerdClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly unpacker: Unpacker;
}

/** From names and ids to images, and to unpacked images. What was resolved once costs no call until an image changes. */
export class ImageResolver {
  readonly #deps: ImageResolverDependencies;
  readonly #resolved = new Map<string, ContainerImage>();
  #generation = 0;

  constructor(dependencies: ImageResolverDependencies) {
    this.#deps = dependencies;
    dependencies.catalog.onChange((name) => this.#invalidate(name));
  }

  /** By name, id, or unique id prefix. Throws not-found, or invalid-argument for text that is neither. */
  async find(text: string): Promise<FoundImage> {
    await this.#deps.catalog.ready();
    const found = this.#byFullId(text) ?? this.#byName(text) ?? this.#byPrefix(text);
    if (found) return found;
    if (idPrefixOf(text) === undefined) parseReference(text);
    throw noSuchImage(tryParseReference(text) ? shownName(text) : text);
  }

  /** The image with its file system ready to be used by a container. */
  async resolve(text: string, platform?: string): Promise<ContainerImage> {
    const key = `${text}\0${platform ?? ''}`;
    const known = this.#resolved.get(key);
    if (known) return known;
    const generation = this.#generation;
    const { target } = await this.find(text);
    const image = await this.#deps.content.platformImage(
      target,
      platform === undefined ? undefined : parsePlatform(platform),
    );
    const chain = await this.unpack(image);
    const resolved: ContainerImage = {
      id: target.digest,
      manifestDigest: image.descriptor.digest,
      manifestSize: image.descriptor.size,
      manifestType: image.descriptor.mediaType,
      config: image.config,
      chainId: chain,
      platform: image.platform,
    };
    if (generation === this.#generation) this.#resolved.set(key, resolved);
    return resolved;
  }

  /** Make sure of the image's file system; returns its chain id. Under the given lease, or one for the time it takes. */
  async unpack(image: PlatformImage, lease?: string, signal?: AbortSignal): Promise<string> {
    const chain = chainId(image.config.rootfs.diff_ids) ?? '';
    if (await this.#deps.unpacker.has(chain)) {
      // It may have been made for another image, and go with that one.
      await this.holdSnapshot(image, chain);
      return chain;
    }
    requireLinux(image.platform);
    const layers = layersOf(image);
    const work = async (id: string): Promise<void> => {
      await this.#deps.unpacker.unpack(layers, { lease: id, signal });
      await this.holdSnapshot(image, chain);
    };
    if (lease === undefined) await withImageLease(this.#deps.containerd.leases, work);
    else await work(lease);
    return chain;
  }

  /** Let the image's configuration hold the unpacked file system from collection, as containerd's clients do. */
  async holdSnapshot(image: PlatformImage, chain: string): Promise<void> {
    if (chain === '') return;
    const { containerd } = this.#deps;
    const labels = { [snapshotLabel(containerd.snapshots.snapshotter)]: chain };
    await containerd.content.updateLabels(image.manifest.config.digest, labels);
  }

  #invalidate(name: string): void {
    this.#generation += 1;
    this.#resolved.clear();
    if (!this.#deps.catalog.get(name)) this.#deps.unpacker.forget();
  }

  #byFullId(text: string): FoundImage | undefined {
    const id = isImageIdentifier(text) ? `sha256:${text}` : text;
    return this.#first((image) => image.target.digest === id);
  }

  #byName(text: string): FoundImage | undefined {
    const parsed = tryParseReference(text);
    if (!parsed) return undefined;
    const reference = withDefaultTag(parsed);
    if (reference.digest === undefined) return this.#exact(canonicalString(reference));
    const { digest } = reference;
    const exact = this.#exact(canonicalString(withDigest(reference, digest)));
    if (exact) return exact;
    // Pulled by tag, asked for by digest: the same repository is proof enough.
    const repository = canonicalName(reference);
    return this.#first(({ name, target }) => {
      const own = referenceOfName(name);
      return target.digest === digest && own !== undefined && canonicalName(own) === repository;
    }, true);
  }

  #exact(name: string): FoundImage | undefined {
    const image = this.#deps.catalog.get(name);
    return image && { target: image.target, name };
  }

  #byPrefix(text: string): FoundImage | undefined {
    const prefix = idPrefixOf(text);
    if (prefix === undefined) return undefined;
    const matches = this.#deps.catalog.all().filter((image) => image.target.digest.startsWith(prefix));
    const ids = new Set(matches.map((image) => image.target.digest));
    if (ids.size > 1) throw new PouchError('invalid-argument', `ambiguous image id prefix: ${text}`);
    const match = matches[0];
    return match && { target: match.target };
  }

  #first(matches: (image: ImageName) => boolean, withName = false): FoundImage | undefined {
    const image = this.#deps.catalog.all().find(matches);
    if (!image) return undefined;
    return withName ? { target: image.target, name: image.name } : { target: image.target };
  }
}

function shownName(text: string): string {
  const reference = withDefaultTag(parseReference(text));
  return reference.digest === undefined && parseReference(text).tag === undefined ? `${text}:${reference.tag}` : text;
}
