import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMountPoint, mount, unmount } from '@pouch/linux';
import type { Container } from '../container.ts';
import type { ContainerIndex } from '../container-index.ts';
import { containerOfMode } from '../spec/index.ts';

/** /dev/shm of containers that share it: a tmpfs on the host, there for as long as its owner has a run. */
export class ShmMounts {
  readonly #root: string;
  readonly #index: ContainerIndex;

  constructor(root: string, index: ContainerIndex) {
    this.#root = root;
    this.#index = index;
  }

  /** Undefined where /dev/shm is private or the host's. */
  async pathFor(container: Container): Promise<string | undefined> {
    const mode = container.record.hostConfig.IpcMode;
    const other = containerOfMode(mode);
    if (other !== undefined) return this.#path(this.#index.get(other).id);
    if (mode !== 'shareable') return undefined;
    const path = this.#path(container.id);
    if (await isMountPoint(path)) return path;
    await mkdir(path, { recursive: true, mode: 0o700 });
    const size = container.record.hostConfig.ShmSize ?? 64 * 1024 * 1024;
    await mount({
      type: 'tmpfs',
      source: 'shm',
      target: path,
      options: ['nosuid', 'nodev', 'noexec', 'mode=1777', `size=${size}`],
    });
    return path;
  }

  async release(container: Container): Promise<void> {
    if (container.record.hostConfig.IpcMode !== 'shareable') return;
    const path = this.#path(container.id);
    await unmount([path], { lazy: true });
    await rm(path, { recursive: true, force: true });
  }

  #path(id: string): string {
    return join(this.#root, id);
  }
}
