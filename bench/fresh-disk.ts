import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';

/** Bytes that it can hold; the file behind it takes what is written. */
const SIZE = 16 * 2 ** 30;

/** An empty ext4 in a file, complete from the start: nothing is left for the kernel to do in the background. */
export class FreshDisk implements AsyncDisposable {
  readonly directory: string;
  readonly #image: string;

  private constructor(path: string) {
    this.#image = `${path}.img`;
    this.directory = path;
  }

  static async make(path: string): Promise<FreshDisk> {
    const disk = new FreshDisk(path);
    mkdirSync(path);
    writeFileSync(disk.#image, '');
    truncateSync(disk.#image, SIZE);
    const complete = 'lazy_itable_init=0,lazy_journal_init=0';
    await exec('mkfs.ext4', ['-q', '-F', '-E', complete, disk.#image], { timeout: 120_000 });
    await exec('mount', ['-o', 'loop', disk.#image, path]);
    await exec('sync', ['-f', join(path, '.')], { timeout: 120_000 });
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await exec('umount', [this.directory], { timeout: 120_000, allowFailure: true });
    rmSync(this.#image, { force: true });
  }
}
