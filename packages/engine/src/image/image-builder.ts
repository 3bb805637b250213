import type { ContainerdClient } from '@pouch/containerd';
import {
  canonicalString,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type ImageReference,
  MEDIA_TYPE,
  type Manifest,
} from '@pouch/oci';
import { type Labels, snapshotLabel, UNCOMPRESSED_LABEL } from './content-labels.ts';
import type { ImageCatalog } from './image-catalog.ts';
import type { ImageContent } from './image-content.ts';
import { danglingName } from './image-names.ts';
import type { Unpacker } from './unpack/unpacker.ts';

export interface BuiltLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface BuildRequest {
  readonly config: ImageConfig;
  /** Lowest first; their blobs are in the content store. As many as the configuration's diff ids. */
  readonly layers: readonly BuiltLayer[];
  /** The image stays dangling without one. */
  readonly name?: ImageReference | undefined;
  readonly lease: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageBuilderDependencies {
  readonly containerd: ContainerdClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly unpacker: Unpacker;
}

/** Makes images of layers that are in the content store: the end of import, commit and of the built-in image. */
export class ImageBuilder {
  readonly #deps: ImageBuilderDependencies;

  constructor(dependencies: ImageBuilderDependencies) {
    this.#deps = dependencies;
  }

  /** Unpack, write configuration and manifest, and give the name. Returns the image's id. */
  async build(request: BuildRequest): Promise<Digest> {
    const { config, layers, lease, signal } = request;
    const chain = await this.#deps.unpacker.unpack(layers, { lease, signal });
    const stored = await this.#deps.content.putConfig(config, this.#configLabels(chain), lease);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: { mediaType: MEDIA_TYPE.ociConfig, ...stored },
      layers: layers.map(({ descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, size })),
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const target = await this.#deps.content.putDocument(bytes, manifest.mediaType, {}, lease);
    await this.#name(target, request.name);
    return target.digest;
  }

  /** Take a finished file into the content store as a layer. */
  async addLayer(
    file: { path: string; digest: Digest; size: number; diffId: Digest; mediaType: string },
    lease: string,
    signal?: AbortSignal,
    more: Labels = {},
  ): Promise<BuiltLayer> {
    const { path, digest, size, diffId, mediaType } = file;
    const labels = { ...more, [UNCOMPRESSED_LABEL]: diffId };
    await this.#deps.containerd.ingest.file({ path, digest, size, labels, verified: true }, { lease, signal });
    return { descriptor: { mediaType, digest, size }, diffId };
  }

  async #name(target: Descriptor, name: ImageReference | undefined): Promise<void> {
    if (name) await this.#deps.catalog.put(canonicalString(name), target);
    else if (this.#deps.catalog.namesOf(target.digest).length === 0) {
      await this.#deps.catalog.put(danglingName(target.digest), target);
    }
  }

  #configLabels(chain: string): Labels {
    return chain === '' ? {} : { [snapshotLabel(this.#deps.containerd.snapshots.snapshotter)]: chain };
  }
}
