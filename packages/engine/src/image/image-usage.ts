import { isErrorCode } from '@pouch/base';
import type { Snapshots } from '@pouch/containerd';
import { chainIds, type ImageConfig } from '@pouch/oci';
import { LruMap } from './lru-map.ts';
import type { PlatformImage } from './image-content.ts';

/** How much disk images take: blobs as they are stored, and layers as they are unpacked. */
export class ImageUsage {
  readonly #snapshots: Snapshots;
  /** Bytes of committed snapshots, which never change. */
  readonly #sizes = new LruMap<string, number>(20_000);

  constructor(snapshots: Snapshots) {
    this.#snapshots = snapshots;
  }

  /** Bytes of one unpacked layer; 0 where it is not unpacked. */
  async layer(chain: string): Promise<number> {
    const known = this.#sizes.get(chain);
    if (known !== undefined) return known;
    try {
      const { size } = await this.#snapshots.usage(chain);
      this.#sizes.set(chain, size);
      return size;
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return 0;
      throw error;
    }
  }

  /** Bytes of every unpacked layer of an image, by chain id. */
  async layers(config: ImageConfig): Promise<Map<string, number>> {
    const chains = chainIds(config.rootfs.diff_ids);
    const sizes = await Promise.all(chains.map((chain) => this.layer(chain)));
    return new Map(chains.map((chain, index) => [chain, sizes[index] as number]));
  }

  async unpacked(config: ImageConfig): Promise<number> {
    return sum((await this.layers(config)).values());
  }

  /** Bytes of all unpacked layers of these images, each counted once. */
  async total(images: readonly PlatformImage[]): Promise<number> {
    const layers = new Map<string, number>();
    for (const { config } of images) for (const [chain, size] of await this.layers(config)) layers.set(chain, size);
    return sum(layers.values());
  }

  /** Bytes of the blobs of one platform's image. */
  static content({ descriptor, manifest }: PlatformImage): number {
    return descriptor.size + manifest.config.size + sum(manifest.layers.map((layer) => layer.size));
  }
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
