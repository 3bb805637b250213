import { PouchError, Semaphore } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  canonicalName,
  canonicalString,
  type Descriptor,
  type Digest,
  familiarName,
  familiarString,
  type ImageReference,
  isForeignLayerType,
  MANIFEST_SIZE_LIMIT,
  type Manifest,
  parsePlatform,
  parseReference,
  withDefaultTag,
  withDigest,
} from '@pouch/oci';
import type { RegistryClient, RegistryCredentials } from '@pouch/registry';
import { openBlob } from './blob-reader.ts';
import { knownSources, withSource } from './content-labels.ts';
import type { ImageCatalog } from './image-catalog.ts';
import { type ImageContent, isAttestation } from './image-content.ts';
import { noSuchImage, referenceOfName } from './image-names.ts';
import type { PullOptions } from './image-service.ts';
import { LayerProgress } from './layer-progress.ts';
import { withImageLease } from './reconcile-images.ts';

export interface ImagePusherDependencies {
  readonly containerd: ContainerdClient;
  readonly registry: RegistryClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly onPushed: (id: Digest, name: string) => void;
}

/** One push on its way. */
interface Push {
  readonly reference: ImageReference;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal | undefined;
  readonly progress: LayerProgress;
  /** Blobs that are there or on their way. */
  readonly blobs: Map<string, Promise<void>>;
}

/** Sends images to registries: layers at once, each by the cheapest way, then what refers to them. */
export class ImagePusher {
  readonly #slots: Semaphore;
  readonly #deps: ImagePusherDependencies;

  constructor(options: { readonly concurrency: number }, dependencies: ImagePusherDependencies) {
    this.#slots = new Semaphore(options.concurrency);
    this.#deps = dependencies;
  }

  async push(text: string, options: PullOptions): Promise<void> {
    const parsed = parseReference(text);
    await this.#deps.catalog.ready();
    const references = options.allTags ? this.#allTags(parsed) : [withDefaultTag(parsed)];
    const progress = new LayerProgress(options.onProgress);
    progress.line(`The push refers to repository [${canonicalName(parsed)}]`);
    for (const reference of references) await this.#pushOne(reference, options, progress);
  }

  #allTags(repository: ImageReference): ImageReference[] {
    const found = this.#deps.catalog.all().flatMap(({ name }) => {
      const reference = referenceOfName(name);
      const isTagged = reference?.tag !== undefined && canonicalName(reference) === canonicalName(repository);
      return isTagged ? [reference] : [];
    });
    if (found.length > 0) return found;
    throw new PouchError('not-found', `An image does not exist locally with the tag: ${familiarName(repository)}`);
  }

  async #pushOne(reference: ImageReference, options: PullOptions, progress: LayerProgress): Promise<void> {
    const name = this.#deps.catalog.get(canonicalString(reference));
    if (!name) {
      throw reference.digest === undefined
        ? new PouchError('not-found', `tag does not exist: ${familiarString(reference)}`)
        : noSuchImage(familiarString(reference));
    }
    const { signal, auth: credentials } = options;
    const push: Push = { reference, credentials, signal, progress, blobs: new Map() };
    // Held for the time of the push, whatever is removed meanwhile.
    await withImageLease(this.#deps.containerd.leases, async (lease) => {
      await this.#deps.containerd.leases.addResource(lease, { id: name.target.digest, type: 'content' });
      const target = await this.#root(name.target, options);
      await this.#send(target, push, true);
      const tag = reference.tag ?? reference.digest ?? '';
      progress.line(`${tag}: digest: ${target.digest} size: ${target.size}`);
      options.onProgress?.({ progressDetail: {}, aux: { Tag: tag, Digest: target.digest, Size: target.size } });
      this.#deps.onPushed(name.target.digest, familiarString(reference));
    });
  }

  /** What is pushed: everything where everything is here, else the one platform that is. */
  async #root(target: Descriptor, options: PullOptions): Promise<Descriptor> {
    if (options.platform !== undefined) {
      return (await this.#deps.content.platformImage(target, parsePlatform(options.platform))).descriptor;
    }
    const index = await this.#deps.content.index(target);
    if (!index) return target;
    for (const member of index.manifests) {
      if (await this.#deps.containerd.content.exists(member.digest)) continue;
      const { descriptor } = await this.#deps.content.platformImage(target);
      options.onProgress?.({
        status:
          'Not all multiplatform-content is present and only the available single-platform image was pushed\n' +
          `${target.digest} -> ${descriptor.digest}`,
      });
      return descriptor;
    }
    return target;
  }

  /** A manifest or an index with all that is under it. Only the root gets the tag. */
  async #send(target: Descriptor, push: Push, isRoot: boolean): Promise<void> {
    const document = await this.#deps.content.document(target);
    if (document.kind === 'index') {
      for (const member of document.index.manifests) await this.#send(member, push, false);
    } else await this.#sendBlobs(document.manifest, push, isAttestation(target));
    const bytes = await this.#deps.containerd.content.readAll(target.digest, MANIFEST_SIZE_LIMIT);
    const { reference, credentials, signal } = push;
    const { mediaType } = document.kind === 'index' ? document.index : document.manifest;
    const address = isRoot ? reference : withDigest(reference, target.digest);
    await this.#deps.registry.pushManifest(address, bytes, mediaType, { credentials, signal });
  }

  async #sendBlobs(manifest: Manifest, push: Push, quiet: boolean): Promise<void> {
    const layers = manifest.layers.filter((layer) => !isForeignLayerType(layer.mediaType));
    for (const { digest } of layers) if (!quiet && !push.blobs.has(digest)) push.progress.step(digest, 'Preparing');
    const work = [...layers, manifest.config].map((blob) => {
      const known = push.blobs.get(blob.digest);
      const sent = known ?? this.#slots.run(() => this.#sendBlob(blob, push, quiet || blob === manifest.config));
      push.blobs.set(blob.digest, sent);
      return sent;
    });
    const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #sendBlob(blob: Descriptor, push: Push, quiet: boolean): Promise<void> {
    const { reference, credentials, signal, progress } = push;
    signal?.throwIfAborted();
    const { content } = this.#deps.containerd;
    const { labels } = await content.info(blob.digest);
    const sources = knownSources(labels, reference.domain).filter((path) => path !== reference.path);
    const result = await this.#deps.registry.pushBlob(reference, blob, {
      credentials,
      signal,
      open: (offset) => openBlob(this.#deps.containerd, blob.digest, offset, signal),
      mountFrom: sources.map((path) => ({ domain: reference.domain, path })),
      onProgress: quiet ? undefined : (bytes) => progress.bytes(blob.digest, 'Pushing', bytes, blob.size),
    });
    await content.updateLabels(blob.digest, withSource(labels, reference));
    if (quiet) return;
    const mounted = `Mounted from ${sources[0] ?? ''}`;
    progress.step(
      blob.digest,
      result === 'exists' ? 'Layer already exists' : result === 'mounted' ? mounted : 'Pushed',
    );
  }
}
