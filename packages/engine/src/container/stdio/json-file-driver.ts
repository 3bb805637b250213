import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { background } from '@pouch/base';
import type { OutputChunk } from '../container-service.ts';
import { compressLog } from './compress-log.ts';
import { encodeJsonLine } from './json-log-entry.ts';
import { readJsonLog } from './json-log-reader.ts';
import type { FollowSource, LogDriver, LogEntry, LogPosition, LogReadOptions } from './log-driver.ts';
import { truncateTo } from './spool.ts';

export interface JsonFileOptions {
  readonly path: string;
  /** Bytes after which the file is rotated; undefined: never. */
  readonly maxSize?: number;
  /** Files kept in all, the current one included. */
  readonly maxFiles: number;
  readonly compress: boolean;
  /** Attributes put on every line (labels, env, tag). */
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Docker's json-file log: `path`, and rotated files `path.1` (the newest) to `path.N`, with `.gz` where compressed.
 * `generation` counts rotations, so that a reader that follows knows which file its offset means.
 */
export class JsonFileDriver implements LogDriver {
  readonly name = 'json-file';
  readonly readable = true;
  readonly #options: JsonFileOptions;
  readonly #attributes: string;
  #fd: number | undefined;
  #size = 0;
  #compressing = false;
  generation = 0;

  constructor(options: JsonFileOptions) {
    this.#options = options;
    const attributes = options.attributes ?? {};
    this.#attributes = Object.keys(attributes).length > 0 ? JSON.stringify(attributes) : '';
  }

  get path(): string {
    return this.#options.path;
  }

  get maxFiles(): number {
    return this.#options.maxFiles;
  }

  open(position: LogPosition | undefined): void {
    this.#fd = openSync(this.path, 'a', 0o640);
    const { size, ino } = fstatSync(this.#fd);
    this.#size = size;
    this.generation = position?.generation ?? 0;
    if (!position) return;
    if (position.inode === ino) this.#cut(position.size ?? size);
    else {
      // The crash came between a rotation and the next cursor: all in the new file was written after the cursor.
      this.#cut(0);
      this.generation += 1;
      cutRotated(`${this.path}.1`, position);
    }
  }

  #cut(size: number): void {
    if (size >= this.#size) return;
    ftruncateSync(this.#fd as number, size);
    this.#size = size;
  }

  append(entries: readonly LogEntry[]): void {
    let text = '';
    for (const entry of entries) text += encodeJsonLine(entry, this.#attributes);
    const bytes = Buffer.from(text, 'utf8');
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd as number, bytes, at);
    this.#size += bytes.length;
    const { maxSize } = this.#options;
    if (maxSize !== undefined && this.#size >= maxSize && !this.#compressing) this.#rotate();
  }

  #rotate(): void {
    const { maxFiles, compress } = this.#options;
    closeSync(this.#fd as number);
    if (maxFiles < 2) unlinkSync(this.path);
    else {
      for (let index = maxFiles - 1; index >= 1; index -= 1) this.#shift(index);
      renameSync(this.path, `${this.path}.1`);
      if (compress) this.#compress(`${this.path}.1`);
    }
    this.#fd = openSync(this.path, 'a', 0o640);
    this.#size = 0;
    this.generation += 1;
  }

  /** Until it is done nothing is rotated: the file would be renamed under the compressor. */
  #compress(path: string): void {
    this.#compressing = true;
    const done = (): void => {
      this.#compressing = false;
    };
    background(compressLog(path).finally(done), () => {});
  }

  #shift(index: number): void {
    for (const suffix of ['', '.gz']) {
      const from = `${this.path}.${index}${suffix}`;
      if (!existsSync(from)) continue;
      if (index + 1 >= this.#options.maxFiles) unlinkSync(from);
      else renameSync(from, `${this.path}.${index + 1}${suffix}`);
    }
  }

  position(): LogPosition {
    const { ino } = fstatSync(this.#fd as number);
    return { inode: ino, size: this.#size, generation: this.generation };
  }

  read(options: LogReadOptions, follow: FollowSource, signal: AbortSignal): AsyncIterable<OutputChunk> {
    return readJsonLog(this, options, follow, signal);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** The file that the cursor meant is already rotated away: forget there what will be offered again. */
function cutRotated(path: string, position: LogPosition): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r+');
  try {
    if (fstatSync(fd).ino === position.inode && position.size !== undefined) truncateTo(fd, position.size);
  } finally {
    closeSync(fd);
  }
}
