import type { ContainerdClient } from '@pouch/containerd';
import { canonicalString, type Digest, familiarString, type ImageConfig } from '@pouch/oci';
import type { Labels } from './content-labels.ts';
import type { BuiltLayer, ImageBuilder } from './image-builder.ts';
import type { ImageCatalog } from './image-catalog.ts';
import type { ImageContent } from './image-content.ts';
import type { ImageList } from './image-list.ts';
import { tagTarget } from './image-names.ts';
import type { ImageResolver } from './image-resolver.ts';
import type { ContainerImage } from './image-service.ts';
import { layersOf, type Unpacker } from './unpack/unpacker.ts';

/** An image as something to build upon: unpacked, and with its layers. */
export interface BaseImage {
  readonly image: ContainerImage;
  /** Lowest first. */
  readonly layers: readonly BuiltLayer[];
}

/** A layer's finished blob in a file of its own. */
export interface LayerBlob {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
  readonly mediaType: string;
}

/** What a build needs of images: bases to begin with, and layers and configurations put together in the end. */
export interface ImageAssembler {
  /** Throws not-found where it is not here. */
  base(reference: string, platform?: string): Promise<BaseImage>;
  /** Whether there is an image with this id, under whatever name. */
  has(id: string): boolean;
  /** Digests of the layers' blobs of all images. */
  layerDigests(): Promise<ReadonlySet<string>>;
  addLayer(file: LayerBlob, labels: Labels, lease: string, signal?: AbortSignal): Promise<BuiltLayer>;
  /** Unpack layers that are in the content store; the chain id. */
  unpack(layers: readonly BuiltLayer[], lease: string, signal?: AbortSignal): Promise<string>;
  /** An image of these layers under the first name, or dangling. Returns its id. */
  assemble(request: {
    readonly config: ImageConfig;
    readonly layers: readonly BuiltLayer[];
    readonly name: string | undefined;
    readonly lease: string;
  }): Promise<Digest>;
  /** Give an image a name that it may have already. Returns the name as it is shown. */
  name(id: string, name: string): Promise<string>;
}

export interface ImageAssemblyDependencies {
  readonly containerd: ContainerdClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly resolver: ImageResolver;
  readonly unpacker: Unpacker;
  readonly builder: ImageBuilder;
  readonly list: ImageList;
  readonly onTagged: (id: string, name: string) => void;
}

export class ImageAssembly implements ImageAssembler {
  readonly #deps: ImageAssemblyDependencies;

  constructor(dependencies: ImageAssemblyDependencies) {
    this.#deps = dependencies;
  }

  async base(reference: string, platform?: string): Promise<BaseImage> {
    const image = await this.#deps.resolver.resolve(reference, platform);
    const digest = image.manifestDigest as Digest;
    const document = await this.#deps.content.document({ digest, mediaType: '' });
    if (document.kind !== 'manifest') return { image, layers: [] };
    const { manifest } = document;
    const layers = layersOf({ manifest, config: image.config, descriptor: { ...manifest.config, digest } });
    return { image, layers };
  }

  has(id: string): boolean {
    return this.#deps.catalog.namesOf(id).length > 0;
  }

  async layerDigests(): Promise<ReadonlySet<string>> {
    const images = await this.#deps.list.images();
    return new Set(images.flatMap(({ image }) => image?.manifest.layers.map(({ digest }) => digest) ?? []));
  }

  async addLayer(file: LayerBlob, labels: Labels, lease: string, signal?: AbortSignal): Promise<BuiltLayer> {
    return await this.#deps.builder.addLayer(file, lease, signal, labels);
  }

  async unpack(layers: readonly BuiltLayer[], lease: string, signal?: AbortSignal): Promise<string> {
    return await this.#deps.unpacker.unpack(layers, { lease, signal });
  }

  async assemble(request: Parameters<ImageAssembler['assemble']>[0]): Promise<Digest> {
    const name = request.name === undefined ? undefined : tagTarget(request.name);
    const id = await this.#deps.builder.build({ ...request, name });
    if (name) this.#deps.onTagged(id, familiarString(name));
    return id;
  }

  async name(id: string, name: string): Promise<string> {
    const reference = tagTarget(name);
    const shown = familiarString(reference);
    const { target } = await this.#deps.resolver.find(id);
    if (this.#deps.catalog.get(canonicalString(reference))?.target.digest === target.digest) return shown;
    await this.#deps.catalog.put(canonicalString(reference), target);
    this.#deps.onTagged(id, shown);
    return shown;
  }
}
