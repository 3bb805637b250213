import { randomBytes } from 'node:crypto';
import { formatTime, nowNanos, PouchError } from '@pouch/base';
import type { ContainerdClient, Mount } from '@pouch/containerd';
import { type Digest, type HistoryEntry, type ImageConfig, isDigest, MEDIA_TYPE } from '@pouch/oci';
import { UNCOMPRESSED_LABEL } from './content-labels.ts';
import type { BuiltLayer, ImageBuilder } from './image-builder.ts';
import type { ImageContent } from './image-content.ts';
import { tagTarget } from './image-names.ts';
import type { CommitRequest } from './image-service.ts';
import { layersOf } from './unpack/unpacker.ts';
import { withImageLease } from './reconcile-images.ts';

/** The digest of a tar file with nothing in it. */
const EMPTY_DIFF = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

export interface ImageCommitterDependencies {
  readonly containerd: ContainerdClient;
  readonly content: ImageContent;
  readonly builder: ImageBuilder;
}

/** Makes an image of what a container has changed. */
export class ImageCommitter {
  readonly #deps: ImageCommitterDependencies;

  constructor(dependencies: ImageCommitterDependencies) {
    this.#deps = dependencies;
  }

  /** Returns the new image's id. The caller pauses the container if it must not change meanwhile. */
  async commit(request: CommitRequest): Promise<Digest> {
    const name = request.repository ? tagTarget(request.repository, request.tag) : undefined;
    const document = await this.#deps.content.document({ digest: digestOfParent(request), mediaType: '' });
    if (document.kind !== 'manifest') {
      throw new PouchError('data-loss', `The container's image ${request.parent.manifestDigest} is no manifest.`);
    }
    const { manifest } = document;
    const parent = {
      manifest,
      config: request.parent.config,
      descriptor: { ...manifest.config, digest: digestOfParent(request) },
    };
    return await withImageLease(this.#deps.containerd.leases, async (lease) => {
      for (const { descriptor } of layersOf(parent)) {
        await this.#deps.containerd.leases.addResource(lease, { id: descriptor.digest, type: 'content' });
      }
      const layer = await this.#diff(request, lease);
      const isEmpty = layer.diffId === EMPTY_DIFF;
      const layers: BuiltLayer[] = [...layersOf(parent), ...(isEmpty ? [] : [layer])];
      const config = childConfig(request, layers, isEmpty);
      return await this.#deps.builder.build({ config, layers, name, lease });
    });
  }

  /** The container's changes as a layer in the content store. */
  async #diff(request: CommitRequest, lease: string): Promise<BuiltLayer> {
    const { snapshots, diff, content } = this.#deps.containerd;
    const key = `pouch-commit-${randomBytes(8).toString('hex')}`;
    const { chainId } = request.parent;
    const lower: Mount[] = chainId === '' ? [] : await snapshots.view(key, chainId, {}, { lease });
    try {
      const upper = await snapshots.mounts(request.snapshotKey);
      const blob = await diff.diff({ lower, upper, mediaType: MEDIA_TYPE.ociLayerGzip, ref: key }, { lease });
      const { labels } = await content.info(blob.digest);
      const diffId = labels[UNCOMPRESSED_LABEL];
      if (!isDigest(diffId) || !isDigest(blob.digest)) {
        throw new PouchError('upstream', `containerd did not tell the uncompressed digest of ${blob.digest}.`);
      }
      return { descriptor: { mediaType: blob.mediaType, digest: blob.digest, size: blob.size }, diffId };
    } finally {
      if (chainId !== '') await snapshots.remove(key).catch(() => {});
    }
  }
}

function digestOfParent({ parent }: CommitRequest): Digest {
  if (isDigest(parent.manifestDigest)) return parent.manifestDigest;
  throw new PouchError('invalid-argument', `invalid manifest digest: '${parent.manifestDigest}'`);
}

function childConfig(request: CommitRequest, layers: readonly BuiltLayer[], isEmpty: boolean): ImageConfig {
  const { parent, author, comment, config } = request;
  const created = formatTime(nowNanos());
  const step: HistoryEntry = {
    created,
    created_by: request.command,
    ...(author && { author }),
    ...(comment && { comment }),
    ...(isEmpty && { empty_layer: true }),
  };
  const { author: _author, comment: _comment, ...inherited } = parent.config;
  return {
    ...inherited,
    created,
    ...(author && { author }),
    ...(comment && { comment }),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: [...parent.config.history, step],
  };
}
