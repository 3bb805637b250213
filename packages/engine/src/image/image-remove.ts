import type { ImageDeleteItem, ImagePruneResponse } from '@pouch/api';
import { nowNanos, PouchError, shortId } from '@pouch/base';
import { chainIds, type Descriptor, familiarString } from '@pouch/oci';
import type { ImageCatalog, ImageName } from './image-catalog.ts';
import { booleanFilter, checkPruneFilters, matchesLabels, untilFilter } from './image-filters.ts';
import type { ImageList, ListedImage } from './image-list.ts';
import { danglingName, referenceOfName } from './image-names.ts';
import type { ImageResolver } from './image-resolver.ts';
import type { Filters, ImageUser } from './image-service.ts';
import { type ImageUsage, sum } from './image-usage.ts';
import { layerId } from './layer-progress.ts';

export interface ImageRemoverDependencies {
  readonly catalog: ImageCatalog;
  readonly resolver: ImageResolver;
  readonly list: ImageList;
  readonly usage: ImageUsage;
  readonly imageUsers: () => readonly ImageUser[];
  readonly onUntagged: (id: string, name: string) => void;
  readonly onDeleted: (id: string) => void;
}

/** Takes names and images away, unless containers need them. */
export class ImageRemover {
  readonly #deps: ImageRemoverDependencies;

  constructor(dependencies: ImageRemoverDependencies) {
    this.#deps = dependencies;
  }

  async remove(text: string, force: boolean): Promise<ImageDeleteItem[]> {
    const { target, name } = await this.#deps.resolver.find(text);
    const names = this.#deps.catalog.namesOf(target.digest);
    if (name === undefined) return await this.#removeImage(target, names, force);
    return await this.#removeName(target, name, names, force, text);
  }

  /** By default what has no name; with `dangling=false` every image that no container uses. */
  async prune(filters: Filters): Promise<ImagePruneResponse> {
    checkPruneFilters(filters);
    const all = booleanFilter(filters, 'dangling') === false;
    const until = untilFilter(filters, nowNanos());
    const used = new Set(this.#deps.imageUsers().map((user) => user.imageId));
    const images = await this.#deps.list.images();
    const goes = (image: ListedImage): boolean =>
      (all || image.dangling) &&
      !used.has(image.target.digest) &&
      (until === undefined || image.created < until) &&
      matchesLabels(image.labels, filters);
    const leaving = images.filter(goes);
    const reclaimed = await this.#onlyIn(
      leaving,
      images.filter((image) => !goes(image)),
    );
    const deleted: ImageDeleteItem[] = [];
    for (const { target, names } of leaving) deleted.push(...(await this.#drop(target, names)));
    return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  }

  async #removeName(
    target: Descriptor,
    name: string,
    names: readonly ImageName[],
    force: boolean,
    text: string,
  ): Promise<ImageDeleteItem[]> {
    const others = names.filter((other) => other.name !== name);
    if (others.length > 0) return [await this.#untag(target, name, false)];
    const user = this.#deps.imageUsers().find(({ imageId }) => imageId === target.digest);
    if (!user) return await this.#drop(target, names);
    if (!force) {
      throw new PouchError(
        'conflict',
        `conflict: unable to delete ${text} (must be forced) - container ${shortId(user.containerId)} is using its referenced image ${layerId(target.digest)}`,
      );
    }
    // The container still needs its image: it lives on without a name.
    await this.#deps.catalog.put(danglingName(target.digest), target);
    return [await this.#untag(target, name, false)];
  }

  async #removeImage(target: Descriptor, names: readonly ImageName[], force: boolean): Promise<ImageDeleteItem[]> {
    const users = this.#deps.imageUsers().filter((user) => user.imageId === target.digest);
    const id = layerId(target.digest);
    const running = users.find((user) => user.running);
    if (running) {
      throw conflict(
        id,
        'cannot be forced',
        `image is being used by running container ${shortId(running.containerId)}`,
      );
    }
    if (!force) {
      if (names.filter(({ name }) => referenceOfName(name)).length > 1) {
        throw conflict(id, 'must be forced', 'image is referenced in multiple repositories');
      }
      const [stopped] = users;
      if (stopped) {
        throw conflict(
          id,
          'must be forced',
          `image is being used by stopped container ${shortId(stopped.containerId)}`,
        );
      }
    }
    return await this.#drop(target, names);
  }

  /** Every name goes, and with the last one the image. */
  async #drop(target: Descriptor, names: readonly ImageName[]): Promise<ImageDeleteItem[]> {
    const items: ImageDeleteItem[] = [];
    for (const [index, { name }] of names.entries()) {
      const last = index === names.length - 1;
      if (referenceOfName(name)) items.push(await this.#untag(target, name, last));
      else await this.#deps.catalog.delete(name, last);
    }
    items.push({ Deleted: target.digest });
    this.#deps.onDeleted(target.digest);
    return items;
  }

  async #untag(target: Descriptor, name: string, sync: boolean): Promise<ImageDeleteItem> {
    const reference = referenceOfName(name);
    const shown = reference ? familiarString(reference) : name;
    await this.#deps.catalog.delete(name, sync);
    this.#deps.onUntagged(target.digest, shown);
    return { Untagged: shown };
  }

  /** Bytes of blobs and layers that only the first images have. */
  async #onlyIn(leaving: readonly ListedImage[], staying: readonly ListedImage[]): Promise<number> {
    const gone = await this.#parts(leaving);
    for (const part of (await this.#parts(staying)).keys()) gone.delete(part);
    return sum(gone.values());
  }

  async #parts(images: readonly ListedImage[]): Promise<Map<string, number>> {
    const parts = new Map<string, number>();
    for (const { target, image } of images) {
      parts.set(target.digest, target.size);
      if (!image) continue;
      for (const { digest, size } of [image.descriptor, image.manifest.config, ...image.manifest.layers]) {
        parts.set(digest, size);
      }
      for (const chain of chainIds(image.config.rootfs.diff_ids)) {
        parts.set(`snapshot ${chain}`, await this.#deps.usage.layer(chain));
      }
    }
    return parts;
  }
}

function conflict(id: string, how: string, why: string): PouchError {
  return new PouchError('conflict', `conflict: unable to delete ${id} (${how}) - ${why}`);
}
