import type { Snapshots } from '@pouch/containerd';

/** Sizes of image layers that are remembered; they never change. */
const MAX_REMEMBERED = 4096;
/** More layers than any image has. */
const MAX_PARENTS = 1024;

export interface ContainerSizes {
  /** Bytes that the container wrote. */
  readonly rw: number;
  /** All bytes of its root file system: the image's layers and its own. */
  readonly rootfs: number;
}

/** Disk use of snapshots. */
export class SnapshotSizes {
  readonly #snapshots: Snapshots;
  readonly #layers = new Map<string, { readonly parent: string; readonly size: number }>();

  constructor(snapshots: Snapshots) {
    this.#snapshots = snapshots;
  }

  async of(key: string): Promise<ContainerSizes> {
    const [{ size: rw }, { parent }] = await Promise.all([this.#snapshots.usage(key), this.#snapshots.stat(key)]);
    let rootfs = rw;
    let name = parent;
    for (let count = 0; name !== '' && count < MAX_PARENTS; count += 1) {
      const layer = await this.#layer(name);
      rootfs += layer.size;
      name = layer.parent;
    }
    return { rw, rootfs };
  }

  async #layer(name: string): Promise<{ readonly parent: string; readonly size: number }> {
    const known = this.#layers.get(name);
    if (known) return known;
    const [{ size }, { parent }] = await Promise.all([this.#snapshots.usage(name), this.#snapshots.stat(name)]);
    if (this.#layers.size >= MAX_REMEMBERED) this.#layers.clear();
    this.#layers.set(name, { parent, size });
    return { parent, size };
  }
}
