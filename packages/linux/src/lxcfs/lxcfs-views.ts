import { mkdir } from 'node:fs/promises';
import { bindMount, mountsBelow, readMounts, setPropagation, unmount } from '../mounts.ts';
import { LXCFS_ROOMS, type LxcfsLayout } from './lxcfs-layout.ts';

/**
 * The mounts through which containers see lxcfs. `shown` is a shared bind of the host's directory, and each container has a
 * slave of it: a file of lxcfs that is mounted on `shown`, or taken off again, appears and goes in every container at once,
 * without entering any. `beneath` is a slave too, kept free of them, so that a container can be given the host's file as
 * the ground to stand on.
 */
export class LxcfsViews {
  readonly #layout: LxcfsLayout;

  constructor(layout: LxcfsLayout) {
    this.#layout = layout;
  }

  /** The host's directories, both ways. Idempotent: after a crash what is missing is made, and what is there is kept. */
  async prepare(): Promise<void> {
    for (const { name, source } of LXCFS_ROOMS) {
      const shown = this.#layout.room('shown', name);
      const beneath = this.#layout.room('beneath', name);
      const table = await readMounts();
      const isShared = (path: string): boolean =>
        table.some(
          ({ mountPoint, propagation }) =>
            mountPoint === path && propagation.some((each) => each.startsWith('shared:')),
        );
      const follows = table.some(
        ({ mountPoint, propagation }) =>
          mountPoint === beneath && propagation.length > 0 && propagation.every((each) => each.startsWith('master:')),
      );
      if (isShared(shown) && follows) continue;
      for (const path of [beneath, shown]) {
        for (const { mountPoint } of mountsBelow(table, path)) await unmount([mountPoint], { lazy: true });
        await mkdir(path, { recursive: true });
      }
      await bindMount(source, shown);
      // Not a peer of what the source is shared with: only ours may follow.
      await setPropagation(shown, 'private');
      await setPropagation(shown, 'shared');
      await bindMount(shown, beneath);
      await setPropagation(beneath, 'slave');
    }
  }

  /** Whether every file of lxcfs is shown, once, and none is beneath. */
  async isAttached(): Promise<boolean> {
    const table = await readMounts();
    const count = (path: string): number => table.filter(({ mountPoint }) => mountPoint === path).length;
    return this.#layout.files.every(({ shown, beneath }) => count(shown) === 1 && count(beneath) === 0);
  }

  /** Show the files of a live lxcfs in all containers. */
  async attach(): Promise<void> {
    const { files } = this.#layout;
    for (const { served, shown } of files) await bindMount(served, shown);
    await unmount(files.map(({ beneath }) => beneath));
  }

  /** Show the host's files in all containers. */
  async detach(): Promise<void> {
    const { files, mountPoint } = this.#layout;
    const covered = new Set(files.flatMap(({ shown, beneath }) => [shown, beneath]));
    const table = await readMounts();
    const paths = table.filter((mount) => covered.has(mount.mountPoint) || mount.mountPoint === mountPoint);
    await unmount(
      paths.toReversed().map((mount) => mount.mountPoint),
      { lazy: true },
    );
  }
}
