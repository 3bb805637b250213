import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamName } from '../container-service.ts';

export const STREAMS: readonly StreamName[] = ['stdout', 'stderr'];

/**
 * A container's output as the shim leaves it: one plain file per stream, appended to by the shim itself. The daemon is
 * not in the way, so the container writes on, and nothing is lost, whether a daemon runs or not. The space of what was
 * taken over into the log is given back by punching holes.
 */
export class Spool {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(stream: StreamName): string {
    return join(this.directory, stream);
  }

  /** How far the output was taken over. There from the start of a run until all of its output is in the log. */
  get cursorPath(): string {
    return join(this.directory, 'cursor');
  }

  /** A run left output that may not be in the log yet. */
  get unfinished(): boolean {
    return existsSync(this.cursorPath);
  }

  /** Empty files for a new run. Only when nothing of the last run is left to take over. */
  reset(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    for (const stream of STREAMS) writeFileSync(this.path(stream), '', { mode: 0o600 });
  }
}

/** One stream of a spool, read at its own pace. */
export class SpoolFile implements Disposable {
  readonly #fd: number;
  offset: number;

  constructor(path: string, offset: number) {
    this.#fd = openSync(path, 'r');
    this.offset = offset;
  }

  /** Bytes that are there and were not read yet. */
  get pending(): number {
    return Math.max(0, fstatSync(this.#fd).size - this.offset);
  }

  /** Reads up to `buffer.length` bytes on from `offset`; 0 at the present end. */
  read(buffer: Uint8Array): number {
    const count = readSync(this.#fd, buffer, 0, buffer.length, this.offset);
    this.offset += count;
    return count;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Cut a file to a length if it is longer. */
export function truncateTo(fd: number, size: number): void {
  if (fstatSync(fd).size > size) ftruncateSync(fd, size);
}
