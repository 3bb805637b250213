import { asPouchError, isErrorCode, PouchError } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  canonicalString,
  chainIds,
  choosePlatform,
  type Descriptor,
  type Digest,
  familiarString,
  formatPlatform,
  IMAGE_CONFIG_SIZE_LIMIT,
  type ImageConfig,
  type ImageReference,
  isForeignLayerType,
  layerCompression,
  type Manifest,
  type Platform,
  parseImageConfig,
  parsePlatform,
  parseReference,
  trimReference,
  withDefaultTag,
  withDigest,
  withTag,
} from '@pouch/oci';
import type { FetchedManifest, RegistryClient, RegistryCredentials } from '@pouch/registry';
import type { BlobFetcher } from './blob-fetcher.ts';
import { childLabels, snapshotLabel, sourceLabel } from './content-labels.ts';
import type { ImageCatalog } from './image-catalog.ts';
import { type ImageContent, platformOf } from './image-content.ts';
import { storedName } from './image-names.ts';
import type { PullOptions } from './image-service.ts';
import { LayerProgress } from './layer-progress.ts';
import { type LayerToUnpack, layersOf, requireLinux, type Unpacker } from './unpack/unpacker.ts';
import { withPullLease } from './reconcile-images.ts';

const INDEX_DEPTH = 3;
/** Pulls by `--all-tags` of a hostile registry must end some time. */
const TAG_LIMIT = 10_000;

export interface ImagePullerDependencies {
  readonly containerd: ContainerdClient;
  readonly registry: RegistryClient;
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly unpacker: Unpacker;
  readonly fetcher: BlobFetcher;
  readonly onPulled: (id: Digest, name: string) => void;
}

/** One pull on its way. */
interface Pull {
  readonly reference: ImageReference;
  readonly platform: Platform;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
  readonly progress: LayerProgress;
  readonly lease: string;
  /** Transfers that must have ended before the lease does. */
  readonly pending: Promise<unknown>[];
}

/** The documents from the reference down to the platform's manifest. */
interface Chain {
  readonly documents: readonly FetchedManifest[];
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
}

/** Pulls images: several layers at once, each unpacked as soon as it is here. */
export class ImagePuller {
  readonly #hostPlatform: Platform;
  readonly #deps: ImagePullerDependencies;

  constructor(options: { readonly platform: Platform }, dependencies: ImagePullerDependencies) {
    this.#hostPlatform = options.platform;
    this.#deps = dependencies;
  }

  async pull(text: string, options: PullOptions): Promise<void> {
    const parsed = parseReference(text);
    // What cannot be right is refused before a registry is asked.
    if (options.platform !== undefined) parsePlatform(options.platform);
    if (!options.allTags) {
      await this.#pullOne(withDefaultTag(parsed), options);
      return;
    }
    const { signal, auth: credentials } = options;
    const tags = await this.#deps.registry.listTags(trimReference(parsed), { signal, credentials });
    for (const tag of tags.slice(0, TAG_LIMIT)) await this.#pullOne(withTag(trimReference(parsed), tag), options);
  }

  async #pullOne(reference: ImageReference, options: PullOptions): Promise<void> {
    await this.#deps.catalog.ready();
    const progress = new LayerProgress(options.onProgress);
    const platform = options.platform === undefined ? this.#hostPlatform : parsePlatform(options.platform);
    await withPullLease(this.#deps.containerd.leases, async (lease) => {
      const stop = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
      const pending: Promise<unknown>[] = [];
      try {
        await this.#run({ reference, platform, credentials: options.auth, signal, progress, lease, pending });
      } finally {
        stop.abort();
        await Promise.allSettled(pending);
      }
    });
  }

  async #run(pull: Pull): Promise<void> {
    const { reference, progress } = pull;
    const { digest: wanted } = reference;
    // Before anything is said: a client is told of an image that is not there by the status of the answer.
    const call = { credentials: pull.credentials, signal: pull.signal };
    const first = await this.#deps.registry.getManifest(reference, call).catch((error: unknown) => {
      throw unresolved(reference, error);
    });
    progress.line(`Pulling from ${reference.path}`, wanted ?? reference.tag ?? '');
    const name = storedName(canonicalString(reference));
    const before = this.#deps.catalog.get(name)?.target.digest;
    const chain = await this.#documents(first, pull);
    const root = chain.documents[0] as FetchedManifest;
    const target = root.descriptor;
    const fetched = await this.#bring(chain, pull);
    await this.#deps.catalog.put(name, target);
    progress.line(`Digest: ${target.digest}`);
    const shown = familiarString(wanted === undefined ? reference : withDigest(reference, wanted));
    const isNew = fetched || before !== target.digest;
    progress.line(`Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${shown}`);
    this.#deps.onPulled(target.digest, shown);
  }

  /** From the reference down to one platform's manifest and configuration. */
  async #documents(first: FetchedManifest, pull: Pull): Promise<Chain> {
    const call = { credentials: pull.credentials, signal: pull.signal };
    const documents = [first];
    for (let depth = 0; depth < INDEX_DEPTH; depth += 1) {
      const { descriptor, document } = documents.at(-1) as FetchedManifest;
      if (document.kind === 'manifest') {
        const { manifest } = document;
        const configBytes = await this.#configBytes(manifest, pull);
        const config = parseImageConfig(configBytes);
        if (depth === 0) checkPlatform(config, pull);
        requireLinux(config);
        requireLayers(manifest, descriptor);
        return { documents, manifest, config, configBytes };
      }
      const chosen = choosePlatform(document.index.manifests, pull.platform);
      if (!chosen) {
        throw new PouchError(
          'not-found',
          `no matching manifest for ${formatPlatform(pull.platform)} in the manifest list entries`,
        );
      }
      documents.push(await this.#deps.registry.getManifest(withDigest(pull.reference, chosen.digest), call));
    }
    throw new PouchError('invalid-argument', `The index of ${familiarString(pull.reference)} is nested too deep.`);
  }

  async #configBytes(manifest: Manifest, pull: Pull): Promise<Buffer> {
    const { digest } = manifest.config;
    try {
      return await this.#deps.containerd.content.readAll(digest, IMAGE_CONFIG_SIZE_LIMIT);
    } catch (error) {
      if (!isErrorCode(error, 'not-found')) throw error;
    }
    const call = { credentials: pull.credentials, signal: pull.signal };
    return await this.#deps.registry.readBlob(pull.reference, manifest.config, IMAGE_CONFIG_SIZE_LIMIT, call);
  }

  /** Everything into the store and unpacked, children first. True when a layer had to be fetched. */
  async #bring(chain: Chain, pull: Pull): Promise<boolean> {
    const { reference, lease } = pull;
    const { manifest, config, configBytes, documents } = chain;
    const leaf = documents.at(-1) as FetchedManifest;
    const layers = layersOf({ manifest, config, descriptor: leaf.descriptor });
    const { fetched, top } = await this.#layers(layers, pull);
    const { ingest, snapshots } = this.#deps.containerd;
    const source = sourceLabel(reference);
    const held = top === '' ? {} : { [snapshotLabel(snapshots.snapshotter)]: top };
    await ingest.bytes(
      { bytes: configBytes, digest: manifest.config.digest, labels: { ...source, ...held } },
      { lease },
    );
    for (const { bytes, document, descriptor } of documents.toReversed()) {
      const labels = { ...source, ...childLabels(document) };
      await ingest.bytes({ bytes, digest: descriptor.digest, labels }, { lease });
    }
    return fetched;
  }

  async #layers(layers: readonly LayerToUnpack[], pull: Pull): Promise<{ fetched: boolean; top: string }> {
    const { progress, signal, lease } = pull;
    const first = await this.#deps.unpacker.firstMissing(chainIds(layers.map(({ diffId }) => diffId)));
    const missing = await this.#missing(layers);
    // Where nothing has to be fetched there is nothing to tell.
    const shown = missing.size > 0 ? new Set(layers.map(({ descriptor }) => descriptor.digest)) : missing;
    for (const digest of shown) progress.step(digest, missing.has(digest) ? 'Pulling fs layer' : 'Already exists');
    const downloads = new Map<string, Promise<boolean>>();
    const start = (descriptor: Descriptor, unpacked: boolean): Promise<boolean> => {
      const known = downloads.get(descriptor.digest);
      const download = known ?? this.#download(descriptor, unpacked && missing.has(descriptor.digest), pull);
      downloads.set(descriptor.digest, download);
      pull.pending.push(download);
      return download;
    };
    const ready = layers.map((layer, index) => ({
      ...layer,
      ready: start(layer.descriptor, index < first).then(() => {}),
    }));
    pull.pending.push(Promise.allSettled(ready.map((layer) => layer.ready)));
    // Failures are heard of through the unpacking, and below.
    for (const download of downloads.values()) download.catch(() => {});
    const timers = new Map<number, Disposable>();
    try {
      const top = await this.#deps.unpacker.unpack(ready, {
        lease,
        signal,
        onLayer: (index, state) => {
          const { digest } = (layers[index] as LayerToUnpack).descriptor;
          timers.get(index)?.[Symbol.dispose]();
          timers.delete(index);
          if (state === 'extracting') timers.set(index, progress.seconds(digest, 'Extracting'));
          if (state === 'done' && missing.has(digest)) progress.step(digest, 'Pull complete');
        },
      });
      return { top, fetched: (await Promise.all(downloads.values())).includes(true) };
    } finally {
      for (const timer of timers.values()) timer[Symbol.dispose]();
    }
  }

  /** The layers that are not in the content store. */
  async #missing(layers: readonly LayerToUnpack[]): Promise<Set<string>> {
    const { content } = this.#deps.containerd;
    const digests = [...new Set(layers.map(({ descriptor }) => descriptor.digest))];
    const there = await Promise.all(
      digests.map(
        async (digest) =>
          await content.info(digest).then(
            () => true,
            (error: unknown) => {
              if (isErrorCode(error, 'not-found')) return false;
              throw error;
            },
          ),
      ),
    );
    return new Set(digests.filter((_, index) => !there[index]));
  }

  async #download(descriptor: Descriptor, unpacked: boolean, pull: Pull): Promise<boolean> {
    const { reference, lease, credentials, signal, progress } = pull;
    const { digest, size } = descriptor;
    const fetched = await this.#deps.fetcher.fetch({
      reference,
      descriptor,
      lease,
      credentials,
      signal,
      onProgress: (bytes) => progress.bytes(digest, 'Downloading', bytes, size),
    });
    if (fetched) progress.step(digest, 'Download complete');
    if (fetched && unpacked) progress.step(digest, 'Pull complete');
    return fetched;
  }
}

/** A single image has no choice to offer: one for another platform is refused only if it was asked for by the user's words. */
function checkPlatform(config: ImageConfig, pull: Pull): void {
  const own = platformOf(config);
  if (own.architecture === '' || choosePlatform([{ ...EMPTY, platform: own }], pull.platform)) return;
  throw new PouchError(
    'not-found',
    `image with reference ${familiarString(pull.reference)} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(pull.platform)})`,
  );
}

const EMPTY: Descriptor = { mediaType: '', digest: `sha256:${'0'.repeat(64)}`, size: 0 };

/** An artifact (a chart, a signature) has no file system to unpack. */
function requireLayers(manifest: Manifest, descriptor: Descriptor): void {
  for (const layer of manifest.layers) {
    if (layerCompression(layer.mediaType) !== undefined || isForeignLayerType(layer.mediaType)) continue;
    throw new PouchError(
      'unsupported',
      `The manifest ${descriptor.digest} is no container image: its layer ${layer.digest} has the media type ${JSON.stringify(layer.mediaType)}.`,
    );
  }
}

/** As Docker tells of a reference that leads to nothing. */
function unresolved(reference: ImageReference, error: unknown): PouchError {
  const known = asPouchError(error);
  const full = canonicalString(reference);
  // What needs a login is not found either; that is said.
  const isDenied = known.details.status === 401 || known.details.status === 403;
  const why = known.code === 'not-found' && !isDenied ? `${full}: not found` : known.message;
  return new PouchError(known.code, `failed to resolve reference "${full}": ${why}`, {
    cause: error,
    details: known.details,
  });
}
