import type { ImageManifestSummary, ImageSummary } from '@pouch/api';
import { isErrorCode, nowNanos, PouchError, parseTime } from '@pouch/base';
import { type Descriptor, familiarString, withDigest } from '@pouch/oci';
import type { ImageCatalog, ImageName } from './image-catalog.ts';
import { type ImageContent, isAttestation, type PlatformImage } from './image-content.ts';
import { apiDescriptor, apiPlatform } from './api-descriptor.ts';
import { booleanFilter, checkListFilters, matchesLabels, matchesReference, untilFilter } from './image-filters.ts';
import { referenceOfName } from './image-names.ts';
import type { ImageResolver } from './image-resolver.ts';
import type { Filters, ImageUser } from './image-service.ts';
import { ImageUsage, sum } from './image-usage.ts';

export interface ListOptions {
  readonly all?: boolean;
  readonly filters?: Filters;
  readonly sharedSize?: boolean;
  readonly manifests?: boolean;
}

/** An image with all its names, as lists and prunes see it. */
export interface ListedImage {
  readonly target: Descriptor;
  readonly names: readonly ImageName[];
  /** The platform's image that stands for it; undefined when none of it is here, or it is no container image. */
  readonly image: PlatformImage | undefined;
  /** Nanoseconds since the epoch. */
  readonly created: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly dangling: boolean;
}

export interface ImageListDependencies {
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly resolver: ImageResolver;
  readonly usage: ImageUsage;
  readonly imageUsers: () => readonly ImageUser[];
}

/** Lists images: one entry per id, with every name it has. */
export class ImageList {
  readonly #deps: ImageListDependencies;

  constructor(dependencies: ImageListDependencies) {
    this.#deps = dependencies;
  }

  async list(options: ListOptions): Promise<ImageSummary[]> {
    const filters = options.filters ?? {};
    checkListFilters(filters);
    const chosen = await this.#filter(await this.images(), filters);
    const shared = options.sharedSize ? await this.#layerUses() : undefined;
    const summaries = await Promise.all(chosen.map((image) => this.#summary(image, options, shared)));
    return summaries.sort((a, b) => b.Created - a.Created);
  }

  /** Every image, in no order. */
  async images(): Promise<ListedImage[]> {
    await this.#deps.catalog.ready();
    const byId = Map.groupBy(this.#deps.catalog.all(), (name) => name.target.digest);
    return await Promise.all([...byId.values()].map((names) => this.#read(names)));
  }

  /** One image of an index after the other, for `Manifests`. */
  async manifests(target: Descriptor): Promise<ImageManifestSummary[]> {
    const index = await this.#deps.content.index(target);
    const here = new Map((await this.#deps.content.manifests(target)).map((image) => [image.descriptor.digest, image]));
    const members = index?.manifests ?? [target];
    return await Promise.all(members.map((member) => this.#manifest(member, here.get(member.digest))));
  }

  async #manifest(member: Descriptor, image: PlatformImage | undefined): Promise<ImageManifestSummary> {
    const attestation = isAttestation(member);
    const content = image ? ImageUsage.content(image) : 0;
    const unpacked = image ? await this.#deps.usage.unpacked(image.config) : 0;
    const containers = this.#deps.imageUsers().filter((user) => user.manifestDigest === member.digest);
    return {
      ID: member.digest,
      Descriptor: apiDescriptor(member),
      Available: image !== undefined,
      Size: { Content: content, Total: content + unpacked },
      Kind: attestation ? 'attestation' : image || member.platform ? 'image' : 'unknown',
      ...(image && {
        ImageData: {
          Platform: apiPlatform(image),
          Containers: containers.map((user) => user.containerId),
          Size: { Unpacked: unpacked },
        },
      }),
      ...(attestation && { AttestationData: { For: member.annotations?.['vnd.docker.reference.digest'] ?? '' } }),
    };
  }

  async #read(names: readonly ImageName[]): Promise<ListedImage> {
    const { target } = names[0] as ImageName;
    const image = await this.#platformImage(target);
    const created = image?.config.created === undefined ? undefined : parseTime(image.config.created);
    return {
      target,
      names,
      image,
      created: created ?? 0n,
      labels: image?.config.config.Labels ?? {},
      dangling: names.every(({ name }) => referenceOfName(name) === undefined),
    };
  }

  async #platformImage(target: Descriptor): Promise<PlatformImage | undefined> {
    try {
      return await this.#deps.content.platformImage(target);
    } catch (error) {
      if (isErrorCode(error, 'not-found', 'invalid-argument', 'unsupported')) return undefined;
      throw error;
    }
  }

  async #filter(images: readonly ListedImage[], filters: Filters): Promise<ListedImage[]> {
    const dangling = booleanFilter(filters, 'dangling');
    const until = untilFilter(filters, nowNanos());
    const before = await this.#createdOf(filters.before);
    const since = await this.#createdOf(filters.since);
    const patterns = filters.reference ?? [];
    return images
      .filter(
        (image) =>
          (dangling === undefined || image.dangling === dangling) &&
          (until === undefined || image.created < until) &&
          (before === undefined || image.created < before) &&
          (since === undefined || image.created > since) &&
          matchesLabels(image.labels, filters),
      )
      .flatMap((image) => (patterns.length === 0 ? [image] : withMatchingNames(image, patterns)));
  }

  async #createdOf(names: readonly string[] | undefined): Promise<bigint | undefined> {
    if (!names || names.length === 0) return undefined;
    if (names.length > 1) throw new PouchError('invalid-argument', 'the filters before and since take one image each');
    const { target } = await this.#deps.resolver.find(names[0] as string);
    const { config } = await this.#deps.content.platformImage(target);
    return (config.created === undefined ? undefined : parseTime(config.created)) ?? 0n;
  }

  /** By chain id: how many images have that layer. */
  async #layerUses(): Promise<Map<string, number>> {
    const uses = new Map<string, number>();
    for (const { image } of await this.images()) {
      if (!image) continue;
      for (const chain of (await this.#deps.usage.layers(image.config)).keys())
        uses.set(chain, (uses.get(chain) ?? 0) + 1);
    }
    return uses;
  }

  async #summary(
    listed: ListedImage,
    options: ListOptions,
    uses: ReadonlyMap<string, number> | undefined,
  ): Promise<ImageSummary> {
    const { target, image, names } = listed;
    const layers = image ? await this.#deps.usage.layers(image.config) : new Map<string, number>();
    const shared = uses && sum([...layers].map(([chain, size]) => ((uses.get(chain) ?? 0) > 1 ? size : 0)));
    const size = (image ? ImageUsage.content(image) : target.size) + sum(layers.values());
    return {
      Id: target.digest,
      ParentId: '',
      ...repositoryNames(target, names),
      Created: Number(listed.created / 1_000_000_000n),
      Size: size,
      SharedSize: shared ?? -1,
      Labels: { ...listed.labels },
      Containers: this.#deps.imageUsers().filter((user) => user.imageId === target.digest).length,
      Descriptor: apiDescriptor(target),
      ...(options.manifests && { Manifests: await this.manifests(target) }),
    };
  }
}

/** `RepoTags` and `RepoDigests` in the short form, sorted. */
export function repositoryNames(
  target: Descriptor,
  names: readonly ImageName[],
): { RepoTags: string[]; RepoDigests: string[] } {
  const references = names.flatMap(({ name }) => referenceOfName(name) ?? []);
  const tags = references.filter((reference) => reference.tag !== undefined).map(familiarString);
  const digests = references.map((reference) => familiarString(withDigest(reference, target.digest)));
  return { RepoTags: tags.sort(), RepoDigests: [...new Set(digests)].sort() };
}

/** With those names only that match one of the patterns; nothing when none does. */
function withMatchingNames(image: ListedImage, patterns: readonly string[]): ListedImage[] {
  const names = image.names.filter(({ name }) => {
    const reference = referenceOfName(name);
    return reference !== undefined && patterns.some((pattern) => matchesReference(reference, pattern));
  });
  return names.length > 0 ? [{ ...image, names }] : [];
}
