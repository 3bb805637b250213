import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  AttestationStatement,
  AuthConfig,
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImagePruneResponse,
  ImageSearchResult,
  ImageSummary,
} from '@pouch/api';
import type { Logger } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import {
  canonicalString,
  type Descriptor,
  type Digest,
  familiarString,
  hostPlatform,
  type ImageRunConfig,
  type Platform,
  parsePlatform,
} from '@pouch/oci';
import type { RegistryClient } from '@pouch/registry';
import type { EventBus } from '../events/event-bus.ts';
import type { FileEntry } from './archive/pack-files.ts';
import { BlobFetcher } from './blob-fetcher.ts';
import { blobPath } from './blob-reader.ts';
import { expectNames } from './foreign-naming.ts';
import { type ImageAssembler, ImageAssembly } from './image-assembly.ts';
import { ImageAttestations } from './image-attestations.ts';
import { ImageBuilder } from './image-builder.ts';
import { ImageCatalog } from './image-catalog.ts';
import { ImageCommitter } from './image-commit.ts';
import { ImageContent } from './image-content.ts';
import { ImageImporter, type ImportOptions } from './image-import.ts';
import { ImageInspector } from './image-inspect.ts';
import { ImageList, type ListOptions } from './image-list.ts';
import { ImageLoader } from './image-loader.ts';
import { tagTarget } from './image-names.ts';
import { ImagePuller } from './image-pull.ts';
import { ImagePusher } from './image-push.ts';
import { ImageRegistry } from './image-registry.ts';
import { ImageRemover } from './image-remove.ts';
import { ImageResolver } from './image-resolver.ts';
import { ImageSaver } from './image-save.ts';
import type {
  AttestationOptions,
  CommitRequest,
  ContainerImage,
  Filters,
  ForeignNaming,
  ImageService,
  ImageUser,
  Progress,
  PullOptions,
} from './image-service.ts';
import { ImageUsage } from './image-usage.ts';
import { ImageWatch } from './image-watch.ts';
import { reclaimLeases } from './reconcile-images.ts';
import { Unpacker } from './unpack/unpacker.ts';

export interface ImageManagerOptions {
  /** Pouch's root directory; half-fetched blobs and temporary files go below `image/` in it. */
  readonly root: string;
  readonly maxConcurrentDownloads?: number;
  readonly maxConcurrentUploads?: number;
  /** Layers extracted at the same time. */
  readonly maxConcurrentUnpacks?: number;
  /** What images are chosen for when nobody says otherwise. Default: this host's. */
  readonly defaultPlatform?: Platform;
}

export interface ImageManagerDependencies {
  /** Its default snapshotter is the one that images are unpacked to. */
  readonly containerd: ContainerdClient;
  readonly registry: RegistryClient;
  readonly events: EventBus;
  readonly logger: Logger;
  /** Every container that stands on an image. */
  readonly imageUsers: () => readonly ImageUser[];
}

/** Images over containerd. Starts to listen to containerd's image events when made; dispose it to stop. */
export class ImageManager implements ImageService, Disposable {
  /** For builds. */
  readonly assembly: ImageAssembler;
  readonly #directory: string;
  readonly #deps: ImageManagerDependencies;
  readonly #catalog: ImageCatalog;
  readonly #watch: ImageWatch;
  readonly #resolver: ImageResolver;
  readonly #content: ImageContent;
  readonly #list: ImageList;
  readonly #usage: ImageUsage;
  readonly #inspector: ImageInspector;
  readonly #attestations: ImageAttestations;
  readonly #loader: ImageLoader;
  readonly #importer: ImageImporter;
  readonly #puller: ImagePuller;
  readonly #pusher: ImagePusher;
  readonly #remover: ImageRemover;
  readonly #saver: ImageSaver;
  readonly #committer: ImageCommitter;
  readonly #registry: ImageRegistry;

  constructor(options: ImageManagerOptions, dependencies: ImageManagerDependencies) {
    const { containerd, registry, logger, imageUsers } = dependencies;
    this.#deps = dependencies;
    this.#directory = join(options.root, 'image');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const directory = this.#directory;
    const platform = options.defaultPlatform ?? hostPlatform();
    const { snapshots, diff } = containerd;

    const catalog = new ImageCatalog(containerd.images, logger);
    const content = new ImageContent(containerd.content, containerd.ingest, platform);
    const unpacker = new Unpacker(
      { concurrency: options.maxConcurrentUnpacks ?? 2 },
      { snapshots, diff, logger, blobPath: (digest) => blobPath(containerd.ingest, digest) },
    );
    const resolver = new ImageResolver({ containerd, catalog, content, unpacker });
    const usage = new ImageUsage(snapshots);
    const list = new ImageList({ catalog, content, resolver, usage, imageUsers });
    const builder = new ImageBuilder({ containerd, catalog, content, unpacker });
    const fetcher = new BlobFetcher(
      { directory: join(directory, 'partial'), concurrency: options.maxConcurrentDownloads ?? 3 },
      { containerd, registry },
    );
    const tell =
      (action: string) =>
      (id: string, name: string): void =>
        dependencies.events.publish('image', action, id, { name });

    this.#catalog = catalog;
    this.#content = content;
    this.#resolver = resolver;
    this.#usage = usage;
    this.#list = list;
    this.#inspector = new ImageInspector(
      { snapshotter: snapshots.snapshotter },
      { catalog, content, resolver, usage, list },
    );
    this.#attestations = new ImageAttestations({ content, resolver });
    this.#loader = new ImageLoader(
      { directory },
      {
        containerd,
        catalog,
        unpack: (target, lease, signal) => this.#unpackLoaded(target, lease, signal),
        onLoaded: tell('load'),
      },
    );
    this.#importer = new ImageImporter({ directory, platform }, { containerd, builder });
    this.#puller = new ImagePuller(
      { platform },
      { containerd, registry, catalog, content, unpacker, fetcher, onPulled: tell('pull') },
    );
    this.#pusher = new ImagePusher(
      { concurrency: options.maxConcurrentUploads ?? 5 },
      { containerd, registry, catalog, content, onPushed: tell('push') },
    );
    this.#remover = new ImageRemover({
      catalog,
      resolver,
      list,
      usage,
      imageUsers,
      onUntagged: tell('untag'),
      onDeleted: (id) => tell('delete')(id, id),
    });
    this.#saver = new ImageSaver({ containerd, catalog, content, resolver });
    this.#committer = new ImageCommitter({ containerd, content, builder });
    this.#registry = new ImageRegistry(registry);
    this.assembly = new ImageAssembly({
      containerd,
      catalog,
      content,
      resolver,
      unpacker,
      builder,
      list,
      onTagged: tell('tag'),
    });
    this.#watch = new ImageWatch({ events: containerd.events, catalog, logger });
  }

  async resolve(reference: string, platform?: string): Promise<ContainerImage> {
    return await this.#resolver.resolve(reference, platform);
  }

  async pull(reference: string, options: PullOptions): Promise<void> {
    await this.#puller.pull(reference, options);
  }

  async push(reference: string, options: PullOptions): Promise<void> {
    await this.#pusher.push(reference, options);
  }

  async list(options: ListOptions): Promise<ImageSummary[]> {
    return await this.#list.list(options);
  }

  async inspect(reference: string, options?: { platform?: string; manifests?: boolean }): Promise<ImageInspect> {
    return await this.#inspector.inspect(reference, options);
  }

  async history(reference: string, platform?: string): Promise<ImageHistoryItem[]> {
    return await this.#inspector.history(reference, platform);
  }

  async attestations(reference: string, options: AttestationOptions): Promise<AttestationStatement[]> {
    return await this.#attestations.list(reference, options);
  }

  async tag(source: string, target: string): Promise<void> {
    const name = tagTarget(target);
    const found = await this.#resolver.find(source);
    await this.#catalog.put(canonicalString(name), found.target);
    this.#publish('tag', found.target.digest, familiarString(name));
  }

  async remove(reference: string, options: { force: boolean; noPrune: boolean }): Promise<ImageDeleteItem[]> {
    return await this.#remover.remove(reference, options.force);
  }

  async prune(filters: Filters): Promise<ImagePruneResponse> {
    const result = await this.#remover.prune(filters);
    this.#deps.events.publish('image', 'prune', '', { reclaimed: String(result.SpaceReclaimed) });
    return result;
  }

  async search(
    term: string,
    options: { limit?: number; filters?: Filters; auth?: AuthConfig },
  ): Promise<ImageSearchResult[]> {
    return await this.#registry.search(term, options);
  }

  async *save(
    references: readonly string[],
    options: { platform?: string; signal?: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
    const write = await this.#saver.prepare(references, { platform, signal: options.signal });
    yield* write();
    for (const reference of references) {
      const { target } = await this.#resolver.find(reference);
      this.#publish('save', target.digest, reference);
    }
  }

  async load(
    archive: AsyncIterable<Uint8Array>,
    options: { platform?: string; quiet?: boolean; onProgress?: Progress; signal?: AbortSignal },
  ): Promise<void> {
    const { platform, ...rest } = options;
    const wanted = platform === undefined ? undefined : parsePlatform(platform);
    await this.#loader.load(archive, { ...rest, platform: wanted });
  }

  async import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<string> {
    const id = await this.#importer.importArchive(archive, options);
    const { repository, tag } = options;
    this.#publish('import', id, repository ? familiarString(tagTarget(repository, tag)) : id);
    options.onProgress?.({ status: id });
    return id;
  }

  /** An image of files in memory, with no registry and no archive; the same input gives the same id. */
  async importFiles(name: string, files: readonly FileEntry[], config: ImageRunConfig): Promise<Digest> {
    const id = await this.#importer.importFiles(name, files, config);
    this.#publish('import', id, familiarString(tagTarget(name)));
    return id;
  }

  async commit(request: CommitRequest): Promise<string> {
    const id = await this.#committer.commit(request);
    if (request.repository) this.#publish('tag', id, familiarString(tagTarget(request.repository, request.tag)));
    return id;
  }

  async expectNames(names: readonly string[]): Promise<ForeignNaming> {
    const { containerd, logger } = this.#deps;
    return await expectNames(names, {
      leases: containerd.leases,
      catalog: this.#catalog,
      logger,
      tell: (action, id, name) => this.#publish(action, id, name),
      unpack: async (target) => {
        const image = await this.#content.platformImage(target);
        if (image.platform.os === 'linux') await this.#resolver.unpack(image);
      },
      manifests: async (target) =>
        (await this.#content.manifests(target)).map(({ descriptor }) => descriptor.digest).toSorted(),
      isUsed: (id) => this.#deps.imageUsers().some(({ imageId }) => imageId === id),
    });
  }

  async distribution(reference: string, auth?: AuthConfig): Promise<DistributionInspect> {
    return await this.#registry.distribution(reference, auth);
  }

  async login(auth: AuthConfig): Promise<{ Status: string; IdentityToken?: string }> {
    return await this.#registry.login(auth);
  }

  async layersSize(): Promise<number> {
    const unpacked = await this.#usage.total((await this.#list.images()).flatMap(({ image }) => image ?? []));
    let content = 0;
    for await (const { size } of this.#deps.containerd.content.list()) content += size;
    return unpacked + content;
  }

  async reconcile(): Promise<void> {
    await reclaimLeases(this.#deps.containerd.leases);
    // Half-fetched blobs stay for the next pull; these belong to calls that ended with the former daemon.
    await rm(join(this.#directory, 'tmp'), { recursive: true, force: true });
    await this.#catalog.reload();
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  /** Only what this host can run is unpacked now; the rest when it is first asked for. */
  async #unpackLoaded(target: Descriptor, lease: string, signal?: AbortSignal): Promise<void> {
    const image = await this.#content.platformImage(target);
    if (image.platform.os === 'linux' || image.platform.os === '') await this.#resolver.unpack(image, lease, signal);
  }

  #publish(action: string, id: string, name: string): void {
    this.#deps.events.publish('image', action, id, { name });
  }
}
