import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { exec } from '@pouch/base';

/** An empty ext4 in a file, complete from the start: nothing is left for the kernel to do in the background. */
export class FreshDisk implements AsyncDisposable {
  readonly directory: string;
  readonly #image: string;

  private constructor(path: string) {
    this.#image = `${path}.img`;
    this.directory = path;
  }

  /** At `path`, which is made. Of `bytes`; the file beside it takes what is written. `flags` of mkfs.ext4. */
  static async make(path: string, bytes: number, flags: readonly string[] = []): Promise<FreshDisk> {
    const disk = new FreshDisk(path);
    mkdirSync(path);
    writeFileSync(disk.#image, '');
    truncateSync(disk.#image, bytes);
    const complete = 'lazy_itable_init=0,lazy_journal_init=0';
    await exec('mkfs.ext4', ['-q', '-F', '-E', complete, ...flags, disk.#image], { timeout: 120_000 });
    await exec('mount', ['-o', 'loop', disk.#image, path]);
    await exec('sync', ['-f', path], { timeout: 120_000 });
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await exec('umount', [this.directory], { timeout: 120_000, allowFailure: true });
    rmSync(this.#image, { force: true });
  }
}
