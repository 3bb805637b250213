import type { ImageHistoryItem, ImageInspect } from '@pouch/api';
import { formatTime, isErrorCode, parseTime } from '@pouch/base';
import { chainIds, type Descriptor, type ImageRunConfig, parsePlatform } from '@pouch/oci';
import type { ImageCatalog, ImageName } from './image-catalog.ts';
import type { ImageContent, PlatformImage } from './image-content.ts';
import { apiDescriptor } from './api-descriptor.ts';
import { type ImageList, repositoryNames } from './image-list.ts';
import type { ImageResolver } from './image-resolver.ts';
import { ImageUsage } from './image-usage.ts';

export interface ImageInspectorDependencies {
  readonly catalog: ImageCatalog;
  readonly content: ImageContent;
  readonly resolver: ImageResolver;
  readonly usage: ImageUsage;
  readonly list: ImageList;
}

/** One image in full, in Docker's shape. */
export class ImageInspector {
  readonly #snapshotter: string;
  readonly #deps: ImageInspectorDependencies;

  constructor(options: { readonly snapshotter: string }, dependencies: ImageInspectorDependencies) {
    this.#snapshotter = options.snapshotter;
    this.#deps = dependencies;
  }

  async inspect(text: string, options: { platform?: string; manifests?: boolean } = {}): Promise<ImageInspect> {
    const { target } = await this.#deps.resolver.find(text);
    const names = this.#deps.catalog.namesOf(target.digest);
    const image = await this.#image(target, options.platform);
    const common = {
      Id: target.digest,
      ...repositoryNames(target, names),
      Metadata: { LastTagTime: lastTagTime(names) },
      Descriptor: apiDescriptor(target),
      ...(options.manifests && { Manifests: await this.#deps.list.manifests(target) }),
    };
    if (!image) return { ...common, ...withoutImage(target) };
    const { config } = image;
    return {
      ...common,
      ...nonEmpty({
        Comment: config.comment ?? config.history.at(-1)?.comment,
        Created: config.created,
        Author: config.author,
        DockerVersion: config.docker_version,
      }),
      Config: apiConfig(config.config),
      Architecture: image.platform.architecture,
      ...(image.platform.variant !== undefined && { Variant: image.platform.variant }),
      Os: image.platform.os,
      ...(image.platform['os.version'] !== undefined && { OsVersion: image.platform['os.version'] }),
      Size: ImageUsage.content(image) + (await this.#deps.usage.unpacked(config)),
      GraphDriver: { Name: this.#snapshotter, Data: null },
      RootFS: { Type: 'layers', Layers: [...config.rootfs.diff_ids] },
    };
  }

  /** Newest step first. */
  async history(text: string, platform?: string): Promise<ImageHistoryItem[]> {
    const { target } = await this.#deps.resolver.find(text);
    const wanted = platform === undefined ? undefined : parsePlatform(platform);
    const { config } = await this.#deps.content.platformImage(target, wanted);
    const chains = chainIds(config.rootfs.diff_ids);
    const items: ImageHistoryItem[] = [];
    let layer = 0;
    for (const entry of config.history) {
      const chain = entry.empty_layer ? undefined : chains[layer];
      if (!entry.empty_layer) layer += 1;
      const created = entry.created === undefined ? undefined : parseTime(entry.created);
      items.push({
        Id: '<missing>',
        Created: Number((created ?? 0n) / 1_000_000_000n),
        CreatedBy: entry.created_by ?? '',
        Tags: null,
        Size: chain === undefined ? 0 : await this.#deps.usage.layer(chain),
        Comment: entry.comment ?? '',
      });
    }
    items.reverse();
    const top = items[0];
    if (top) {
      top.Id = target.digest;
      const tags = repositoryNames(target, this.#deps.catalog.namesOf(target.digest)).RepoTags;
      top.Tags = tags.length > 0 ? tags : null;
    }
    return items;
  }

  /** Undefined for an artifact that is no container image; not-found for a platform that is not here. */
  async #image(target: Descriptor, platform?: string): Promise<PlatformImage | undefined> {
    try {
      const wanted = platform === undefined ? undefined : parsePlatform(platform);
      return await this.#deps.content.platformImage(target, wanted);
    } catch (error) {
      if (platform !== undefined || !isErrorCode(error, 'not-found', 'invalid-argument', 'unsupported')) throw error;
      return undefined;
    }
  }
}

function withoutImage(target: Descriptor): Pick<ImageInspect, 'Config' | 'Architecture' | 'Os' | 'Size' | 'RootFS'> {
  return { Config: {}, Architecture: '', Os: '', Size: target.size, RootFS: { Type: 'layers', Layers: [] } };
}

function lastTagTime(names: readonly ImageName[]): string {
  const newest = names.reduce((latest, { updatedAt }) => (updatedAt > latest ? updatedAt : latest), 0n);
  return formatTime(newest);
}

/** Only what is there: since API 1.52 Docker leaves the rest out. */
function nonEmpty<T extends object>(texts: { [K in keyof T]: string | undefined }): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text)) as { [K in keyof T]?: string };
}

/** The image's defaults with mutable copies, as the wire types have them, without what is empty. */
export function apiConfig(config: ImageRunConfig): NonNullable<ImageInspect['Config']> {
  const set = Object.entries(config as object).filter(([, value]) => !isEmpty(value));
  return structuredClone(Object.fromEntries(set)) as NonNullable<ImageInspect['Config']>;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === undefined || value === '' || value === false;
}
