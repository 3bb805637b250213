import type { Mount } from '@pouch/containerd';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { Container } from '../container.ts';

/** Brings the image's content into an empty volume, once. */
export type CopyUp = (
  container: Container,
  rootfs: readonly Mount[],
  destination: string,
  volume: string,
  path: string,
) => Promise<void>;

/** A directory inside a volume, symlinks never leading out of it. */
export type ResolveSubpath = (volumePath: string, subpath: string) => Promise<string>;

/** Mounts a container's volumes for a run. */
export class VolumeMounter {
  readonly #volumes: VolumeService;
  readonly #copyUp: CopyUp;
  readonly #resolveSubpath: ResolveSubpath;

  constructor(dependencies: { volumes: VolumeService; copyUp: CopyUp; resolveSubpath: ResolveSubpath }) {
    this.#volumes = dependencies.volumes;
    this.#copyUp = dependencies.copyUp;
    this.#resolveSubpath = dependencies.resolveSubpath;
  }

  /** Host paths by destination. */
  async mountAll(container: Container, rootfs: readonly Mount[]): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>();
    for (const mount of container.record.mounts) {
      if (mount.Type !== 'volume' || !mount.Name) continue;
      const { path } = await this.#volumes.mount(mount.Name, container.id);
      if (mount.copyUp) await this.#copyUp(container, rootfs, mount.Destination, mount.Name, path);
      paths.set(mount.Destination, mount.subpath ? await this.#resolveSubpath(path, mount.subpath) : path);
    }
    return paths;
  }
}
