import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { background, exec, KeyedMutex, PouchError, sleep } from '@pouch/base';
import { mount, readMounts, unmount } from '../mounts.ts';
import { growMounted, makeImage, resizeUnmounted } from './ext4-image.ts';
import { exists, Places } from './places.ts';
import type { QuotaDriver, QuotaLimits, QuotaUsage } from './quota-driver.ts';

export interface LoopDriverOptions {
  readonly root: string;
  /** Milliseconds after a place was made until an empty one of the same size is made in reserve; 0: none is. Default 1,000. */
  readonly reserveDelayMs?: number;
}

/**
 * Each place is an ext4 of its own in a sparse file: works on any host. Formatting and mounting take some 50 ms, so an empty
 * place of the size asked for last stands ready.
 */
export class LoopDriver implements QuotaDriver, AsyncDisposable {
  readonly name = 'loop';
  readonly bypass = undefined;
  readonly limitsInodes = true;
  readonly #places: Places;
  readonly #reserveDelay: number;
  readonly #mutex = new KeyedMutex();
  #reserve: { readonly key: string; readonly directory: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> = Promise.resolve();

  constructor(options: LoopDriverOptions) {
    this.#places = new Places(options.root);
    this.#reserveDelay = options.reserveDelayMs ?? 1000;
  }

  async open(id: number, limits: QuotaLimits): Promise<string> {
    return await this.#mutex.run(String(id), async () => {
      const directory = this.#places.directory(id);
      if (!(await exists(join(directory, 'image')))) {
        // Half made by hand or by a crash: without an image there is no content.
        await rm(directory, { recursive: true, force: true });
        await rename(this.#takeReserve(limits) ?? (await this.#make(limits)), directory);
        this.#refillSoon(limits);
      }
      await mountImage(directory);
      return this.#places.volume(id);
    });
  }

  async resize(id: number, limits: QuotaLimits): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const directory = this.#places.directory(id);
      const volume = this.#places.volume(id);
      if (limits.inodes !== undefined) {
        throw new PouchError('unsupported', 'a file system in a file keeps the number of inodes it was made with.');
      }
      const table = await readMounts();
      const mounted = table.find(({ mountPoint }) => mountPoint === volume);
      const inUse = table.some((each) => each.device === mounted?.device && each.mountPoint !== volume);
      if (mounted && inUse) return await growMounted(join(directory, 'image'), mounted.source, limits);
      if (mounted) await this.#unmountIdle(id);
      await resizeUnmounted(join(directory, 'image'), limits);
      if (mounted) await mountImage(directory);
    });
  }

  async usage(id: number): Promise<QuotaUsage | undefined> {
    const volume = this.#places.volume(id);
    if (!(await isMounted(volume))) return undefined;
    const { bsize, blocks, bfree, files, ffree } = await statfs(volume);
    // Eleven are ext4's own.
    return { bytes: (blocks - bfree) * bsize, inodes: Math.max(files - ffree - 11, 0) };
  }

  async close(id: number): Promise<void> {
    await this.#mutex.run(String(id), async () => {
      const volume = this.#places.volume(id);
      const table = await readMounts();
      const device = table.find(({ mountPoint }) => mountPoint === volume)?.device;
      if (device === undefined) return;
      const other = table.find((each) => each.device === device && each.mountPoint !== volume);
      if (other) throw new PouchError('conflict', `quota ${id} is in use: it is mounted on ${other.mountPoint}`);
      await this.#unmountIdle(id);
    });
  }

  /**
   * An overlay keeps the file system alive without a mount that can be seen; its loop device then stays too. Two at once on
   * one file would destroy it.
   */
  async #unmountIdle(id: number): Promise<void> {
    const directory = this.#places.directory(id);
    await unmount([join(directory, 'vol')]);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { stdout } = await exec('losetup', [
        '--noheadings',
        '--output',
        'NAME',
        '--associated',
        join(directory, 'image'),
      ]);
      if (stdout.trim() === '') return;
      await sleep(25);
    }
    await mountImage(directory);
    throw new PouchError('conflict', `quota ${id} is in use: a container runs on it.`);
  }

  async remove(id: number): Promise<void> {
    await this.#mutex.run(String(id), async () => await discard(this.#places.directory(id)));
  }

  async list(): Promise<number[]> {
    return await this.#places.numbers();
  }

  async sweep(): Promise<void> {
    await mkdir(this.#places.root, { recursive: true, mode: 0o711 });
    for (const path of await this.#places.others()) if (path !== this.#reserve?.directory) await discard(path);
  }

  /** The one in reserve goes; places stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#filling.catch(() => {});
    const reserve = this.#reserve;
    this.#reserve = undefined;
    if (reserve) await discard(reserve.directory);
  }

  #takeReserve(limits: QuotaLimits): string | undefined {
    const reserve = this.#reserve;
    if (reserve?.key !== keyOf(limits)) return undefined;
    this.#reserve = undefined;
    return reserve.directory;
  }

  #refillSoon(limits: QuotaLimits): void {
    if (this.#reserveDelay === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#filling = this.#filling.then(async () => await this.#refill(limits)).catch(() => {});
      background(this.#filling, () => {});
    }, this.#reserveDelay);
    this.#timer.unref();
  }

  async #refill(limits: QuotaLimits): Promise<void> {
    const old = this.#reserve;
    if (old?.key === keyOf(limits)) return;
    this.#reserve = undefined;
    if (old) await discard(old.directory);
    const directory = await this.#make(limits);
    await mountImage(directory);
    this.#reserve = { key: keyOf(limits), directory };
  }

  async #make(limits: QuotaLimits): Promise<string> {
    const directory = join(this.#places.root, `.new-${randomBytes(6).toString('hex')}`);
    await mkdir(join(directory, 'vol'), { recursive: true, mode: 0o711 });
    try {
      await makeImage(join(directory, 'image'), limits);
      return directory;
    } catch (error) {
      await discard(directory);
      throw error;
    }
  }
}

function keyOf({ bytes, inodes }: QuotaLimits): string {
  return `${bytes}/${inodes ?? ''}`;
}

async function isMounted(path: string): Promise<boolean> {
  return (await readMounts()).some(({ mountPoint }) => mountPoint === path);
}

async function mountImage(directory: string): Promise<void> {
  const target = join(directory, 'vol');
  await mkdir(target, { recursive: true, mode: 0o711 });
  // The device tells as well as the table of mounts does, which is long.
  if ((await stat(target)).dev !== (await stat(directory)).dev) return;
  // discard: what is deleted inside gives its blocks back to the host.
  await mount({ type: 'ext4', source: join(directory, 'image'), target, options: ['loop', 'discard', 'noatime'] });
}

/** Unmount, and remove what is known to be in there: never through a mount. */
async function discard(directory: string): Promise<void> {
  const target = join(directory, 'vol');
  if (await isMounted(target)) await unmount([target], { lazy: true });
  if (await isMounted(target)) throw new PouchError('conflict', `${basename(directory)}: ${target} is still mounted.`);
  await rm(join(directory, 'image'), { force: true });
  for (const path of [target, directory]) await rmdir(path).catch(() => {});
}
