import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** Not among Node's constants: a descriptor that only names what it was opened for. */
const O_PATH = 0o10000000;

/** A directory kept by descriptor: its meaning cannot change, whatever its path comes to lead to. */
export class HeldDirectory implements Disposable {
  readonly descriptor: number;
  #open = true;

  constructor(path: string) {
    this.descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
  }

  /** A path that leads into it for this process and, run as root, for any program that it starts. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.descriptor}`;
  }

  identity(): { readonly device: number; readonly inode: number } {
    const { dev, ino } = fstatSync(this.descriptor);
    return { device: dev, inode: ino };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.descriptor);
  }
}
