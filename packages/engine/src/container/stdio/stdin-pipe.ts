import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { makeFifos, openFifoWriter } from './fifo.ts';

/**
 * The daemon's end of a process's standard input: a FIFO that the shim reads. The shim also holds a writing end, so the
 * input stays open while no daemon runs; it ends when containerd is told to close it (Tasks.CloseIO) and we let go.
 */
export class StdinPipe implements Disposable {
  readonly path: string;
  #writer: Socket | undefined;
  #opened = Promise.withResolvers<void>();

  constructor(path: string) {
    this.path = path;
  }

  /** For a new run, before its task is made. */
  async make(): Promise<void> {
    await rm(this.path, { force: true });
    await makeFifos([this.path]);
  }

  /** Once there is a task that reads: input that was held back now goes through. */
  adopt(): void {
    if (existsSync(this.path)) this.#open();
  }

  #open(): void {
    this.#writer?.destroy();
    this.#writer = openFifoWriter(this.path);
    this.#writer.on('error', () => {});
    this.#opened.resolve();
  }

  /** Resolves when there is a process to take input: at once while one runs, else at the next start. */
  async whenOpen(): Promise<void> {
    await this.#opened.promise;
  }

  get open(): boolean {
    return this.#writer !== undefined;
  }

  /** Resolves when the kernel has the bytes: a process that does not read holds its writer back. */
  async write(chunk: Uint8Array): Promise<void> {
    const writer = this.#writer;
    if (!writer || writer.destroyed || chunk.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    writer.once('close', resolve);
    writer.write(chunk, () => resolve());
    await promise;
    writer.off('close', resolve);
  }

  [Symbol.dispose](): void {
    if (!this.#writer) return;
    this.#writer.destroy();
    this.#writer = undefined;
    this.#opened = Promise.withResolvers<void>();
  }
}
