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
  JSONMessage,
} from '@pouch/api';
import type { ImageConfig, ImageRunConfig, Platform } from '@pouch/oci';
import type { FileEntry } from './archive/pack-files.ts';

/** Names that another program (BuildKit) is about to give to images in the same store. Dispose it when that is over. */
export interface ForeignNaming extends AsyncDisposable {
  /**
   * They are given: make them known at once, keep the images that lost their last name to them, and tell of it by events.
   * An image without a name is known by the dangling one.
   */
  done(id: string): Promise<void>;
}

/** What a container needs of an image: enough to make its snapshot and its defaults, with no further call. */
export interface ContainerImage {
  /** Digest of the image's target (index or manifest), as `docker images` shows it: `sha256:…`. */
  readonly id: string;
  /** Digest of the manifest for the chosen platform. */
  readonly manifestDigest: string;
  /** That manifest's size in bytes, and media type; a step of a build has no manifest. */
  readonly manifestSize?: number;
  readonly manifestType?: string;
  readonly config: ImageConfig;
  /** Snapshot key of the unpacked top layer in containerd's snapshotter; '' for an image without layers. */
  readonly chainId: string;
  readonly platform: Platform;
}

export type Progress = (message: JSONMessage) => void;
export type Filters = Readonly<Record<string, readonly string[]>>;

export interface PullOptions {
  readonly platform?: string;
  readonly auth?: AuthConfig;
  readonly allTags?: boolean;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** A container, as image removal must know it. */
export interface ImageUser {
  readonly containerId: string;
  readonly imageId: string;
  /** Of the platform's manifest that its file system came from. */
  readonly manifestDigest: string;
  readonly running: boolean;
}

export interface CommitRequest {
  readonly repository?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  /** Config of the new image, the changes of `--change` applied. */
  readonly config: ImageConfig['config'];
  /** Containerd snapshot key of the container, and the image it was made of. */
  readonly snapshotKey: string;
  readonly parent: ContainerImage;
  readonly containerId: string;
  /** What ran in the container, for the image's history. */
  readonly command: string;
}

export interface AttestationOptions {
  readonly platform?: string;
  /** URIs; none asks for all. */
  readonly types?: readonly string[];
  /** Read the statements themselves too. */
  readonly statement?: boolean;
}

/** Images: names in containerd's image store, content in its content store, layers in its snapshotter. */
export interface ImageService {
  /** By name, id or id prefix. `not-found` ("No such image: …") when it is not here. Cheap: cached. */
  resolve(reference: string, platform?: string): Promise<ContainerImage>;
  pull(reference: string, options: PullOptions): Promise<void>;
  push(reference: string, options: PullOptions): Promise<void>;
  list(options: {
    all?: boolean;
    filters?: Filters;
    digests?: boolean;
    sharedSize?: boolean;
    manifests?: boolean;
  }): Promise<ImageSummary[]>;
  inspect(reference: string, options?: { platform?: string; manifests?: boolean }): Promise<ImageInspect>;
  history(reference: string, platform?: string): Promise<ImageHistoryItem[]>;
  /** The in-toto statements attached to the image of a platform, the host's without one. `types` chooses by predicate type. */
  attestations(reference: string, options: AttestationOptions): Promise<AttestationStatement[]>;
  tag(source: string, target: string): Promise<void>;
  remove(reference: string, options: { force: boolean; noPrune: boolean }): Promise<ImageDeleteItem[]>;
  prune(filters: Filters): Promise<ImagePruneResponse>;
  search(term: string, options: { limit?: number; filters?: Filters; auth?: AuthConfig }): Promise<ImageSearchResult[]>;
  /** A tar stream that both `docker load` and OCI tools read. */
  save(references: readonly string[], options: { platform?: string; signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  load(
    archive: AsyncIterable<Uint8Array>,
    options: { platform?: string; quiet?: boolean; onProgress?: Progress; signal?: AbortSignal },
  ): Promise<void>;
  /** A root file system as a tar stream (any compression) becomes a one-layer image. Returns its id. */
  import(
    archive: AsyncIterable<Uint8Array>,
    options: {
      repository?: string;
      tag?: string;
      message?: string;
      changes?: readonly string[];
      platform?: string;
      onProgress?: Progress;
      signal?: AbortSignal;
    },
  ): Promise<string>;
  /** An image of files in memory, without registry or archive; the same input gives the same id. */
  importFiles(name: string, files: readonly FileEntry[], config: ImageRunConfig): Promise<string>;
  commit(request: CommitRequest): Promise<string>;
  /** Stored names, as `storedName` writes them. Until the result is disposed, the images that have them are kept. */
  expectNames(names: readonly string[]): Promise<ForeignNaming>;
  distribution(reference: string, auth?: AuthConfig): Promise<DistributionInspect>;
  /** Check credentials with a registry; returns Docker's status line and an identity token where it gives one. */
  login(auth: AuthConfig): Promise<{ Status: string; IdentityToken?: string }>;
  /** Bytes of all images, blobs and unpacked layers, each counted once, for `system df`. */
  layersSize(): Promise<number>;
  /** At start: give up what a former daemon left half done, and read all names anew. Half-fetched blobs are kept. */
  reconcile(): Promise<void>;
}
