import { closeSync, fdatasync, fsync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { PouchError } from '@pouch/base';

/**
 * Brings what has been appended to a file onto the disk, off the event loop and once for all who wait (group commit): a
 * flush that takes 20 ms on a busy disk then holds up those who need it, and nobody else.
 */
export class LogFlusher implements Disposable {
  readonly #path: string;
  #file: number | undefined;
  #appended = 0;
  #flushed = 0;
  #running: Promise<void> | undefined;
  #failure: PouchError | undefined;

  /** The file may come into being later, but not be replaced by another. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Something was appended: a flush begins, or follows on the one under way. */
  appended(): void {
    this.#appended += 1;
    this.#running ??= this.#run();
  }

  /** Resolves when all that was appended before the call is on the disk. Throws `data-loss` when the disk refuses it. */
  async flushed(): Promise<void> {
    const last = this.#appended;
    while (this.#flushed < last && !this.#failure) await this.#running;
    if (this.#failure) throw this.#failure;
  }

  /** Never rejects: whoever waits is told by `flushed`. What a failed flush has lost, a second one would not tell of. */
  async #run(): Promise<void> {
    try {
      while (this.#flushed < this.#appended && !this.#failure) {
        const last = this.#appended;
        await promisify(fdatasync)(await this.#open());
        this.#flushed = last;
      }
    } catch (cause) {
      this.#failure = new PouchError('data-loss', `${this.#path} cannot be written to the disk: look after the disk`, {
        cause,
      });
    } finally {
      this.#running = undefined;
    }
  }

  /** With its entry in the directory, which a file that is new has in memory only. */
  async #open(): Promise<number> {
    if (this.#file !== undefined) return this.#file;
    const directory = openSync(dirname(this.#path), 'r');
    try {
      await promisify(fsync)(directory);
    } finally {
      closeSync(directory);
    }
    return (this.#file ??= openSync(this.#path, 'r'));
  }

  [Symbol.dispose](): void {
    this.#failure ??= new PouchError('unavailable', `${this.#path} is closed`);
    const file = this.#file;
    // A flush under way still has it: the process is about to end then.
    if (file !== undefined && this.#running === undefined) closeSync(file);
  }
}
