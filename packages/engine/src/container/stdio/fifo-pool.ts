import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { background, newId } from '@pouch/base';
import { hasWriter, makeFifos, openFifoReader } from './fifo.ts';

export const FIFO_NAMES = ['stdin', 'stdout', 'stderr'] as const;

/**
 * Directories with three FIFOs each, made before they are needed: only mkfifo(1) can make one, and starting a program
 * would cost every exec some milliseconds.
 */
export class FifoPool {
  readonly #root: string;
  readonly #size: number;
  readonly #ready: string[] = [];
  #filling: Promise<void> | undefined;

  constructor(root: string, size = 4) {
    this.#root = root;
    this.#size = size;
  }

  /** Drain and remove what the last daemon's execs left: a process that still writes must not be held up by a full pipe. */
  async start(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#root)) this.#drain(join(this.#root, name));
    background(this.#fill(), () => {});
  }

  #drain(directory: string): void {
    let open = 0;
    for (const name of FIFO_NAMES.slice(1)) {
      const path = join(directory, name);
      // A reader of a pipe that nobody ever wrote to would wait for ever.
      if (!existsSync(path) || !hasWriter(path)) continue;
      try {
        const socket = openFifoReader(path);
        open += 1;
        socket.on('error', () => {});
        socket.once('close', () => {
          open -= 1;
          if (open === 0) background(rm(directory, { recursive: true, force: true }), () => {});
        });
        socket.resume();
      } catch {
        // It went away with its last writer.
      }
    }
    if (open === 0) background(rm(directory, { recursive: true, force: true }), () => {});
  }

  async take(): Promise<string> {
    const directory = this.#ready.pop() ?? (await this.#make(1))[0];
    if (!this.#filling && this.#ready.length < this.#size / 2) background(this.#fill(), () => {});
    return directory as string;
  }

  async #fill(): Promise<void> {
    this.#filling = (async () => {
      this.#ready.push(...(await this.#make(this.#size)));
    })();
    try {
      await this.#filling;
    } finally {
      this.#filling = undefined;
    }
  }

  async #make(count: number): Promise<string[]> {
    const directories = Array.from({ length: count }, () => join(this.#root, newId().slice(0, 16)));
    await Promise.all(directories.map((directory) => mkdir(directory, { mode: 0o700 })));
    await makeFifos(directories.flatMap((directory) => FIFO_NAMES.map((name) => join(directory, name))));
    return directories;
  }
}
