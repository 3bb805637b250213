import type { Mount } from '@pouch/containerd';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { Container } from '../container.ts';
import { RootfsView } from '../spec/index.ts';

/** Mounts a container's volumes for a run, and brings the image's content into new ones. */
export class VolumeMounter {
  readonly #volumes: VolumeService;

  constructor(dependencies: { volumes: VolumeService }) {
    this.#volumes = dependencies.volumes;
  }

  /** Host paths by destination. */
  async mountAll(container: Container, rootfs: readonly Mount[]): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>();
    for (const mount of container.record.mounts) {
      if (mount.Type !== 'volume' || !mount.Name) continue;
      const { path } = await this.#volumes.mount(mount.Name, container.id);
      if (mount.copyUp) await this.#copyUp(mount.Name, path, rootfs, mount.Destination);
      const inside = mount.subpath
        ? await this.#volumes.mountSubpath(mount.Name, container.id, mount.subpath)
        : undefined;
      paths.set(mount.Destination, inside?.path ?? path);
    }
    return paths;
  }

  async #copyUp(name: string, path: string, rootfs: readonly Mount[], destination: string): Promise<void> {
    const parts = await new RootfsView(rootfs).directoryParts(destination);
    if (parts.length > 0) await this.#volumes.copyUp(name, path, parts);
  }
}
