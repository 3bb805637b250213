import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { PouchError } from '@pouch/base';
import type { Digest } from '@pouch/oci';
import { extract, type Header } from 'tar-stream';
import { decompressed } from './decompress.ts';

/** Image archives hold a handful of files per image. */
const ENTRY_LIMIT = 100_000;
/** Bytes that stay free on the disk whatever an archive unpacks to. */
const RESERVE = 256 << 20;
const CHECK_EVERY = 64 << 20;
const LINK_DEPTH = 8;
/** Bytes between two entries at most: the parser holds an extended header in memory, whatever length it claims. */
const HEADER_LIMIT = 64 << 20;

export interface SpooledFile {
  /** Where the bytes are. May be moved away by its user. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

/**
 * The files of an image archive, each written to a file of our own naming and hashed on the way, so that no name in the
 * archive can reach another path. Links are followed within the archive only. Dispose it to remove what is left.
 */
export class ArchiveSpool implements AsyncDisposable {
  readonly #directory: string;
  readonly #files = new Map<string, SpooledFile>();
  readonly #links = new Map<string, string>();
  #count = 0;
  #sinceCheck = 0;
  #sinceProgress = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Read a tar stream with any compression. Throws invalid-argument, or too-large when the disk would fill. */
  static async read(source: AsyncIterable<Uint8Array>, parent: string, signal?: AbortSignal): Promise<ArchiveSpool> {
    const spool = new ArchiveSpool(await mkdtemp(join(parent, 'load-')));
    try {
      const { stream } = await decompressed(source, signal);
      await spool.#readTar(stream, signal);
      return spool;
    } catch (error) {
      await spool[Symbol.asyncDispose]();
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#files.keys()];
  }

  /** The file of that name, links followed, or undefined. */
  get(name: string): SpooledFile | undefined {
    let current = posix.normalize(name);
    for (let depth = 0; depth < LINK_DEPTH; depth += 1) {
      const file = this.#files.get(current);
      if (file) return file;
      const target = this.#links.get(current);
      if (target === undefined) return undefined;
      current = target;
    }
    throw new PouchError('invalid-argument', `archive entry ${JSON.stringify(name)} is a link that leads in a circle`);
  }

  /** The whole of a small file. */
  async readSmall(name: string, limit: number): Promise<Buffer | undefined> {
    const file = this.get(name);
    if (!file) return undefined;
    if (file.size > limit) {
      throw new PouchError('too-large', `${name} in the archive has ${file.size} bytes; at most ${limit} are accepted`);
    }
    return await readFile(file.path);
  }

  async #readTar(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const parser = extract();
    const input = Readable.from(source, { objectMode: false, ...(signal && { signal }) });
    input.once('error', (error) => parser.destroy(error));
    input.on('data', (chunk: Uint8Array) => {
      this.#sinceProgress += chunk.length;
      if (this.#sinceProgress > HEADER_LIMIT) {
        input.destroy(new PouchError('too-large', `The archive has a header of more than ${HEADER_LIMIT} bytes.`));
      }
    });
    input.pipe(parser);
    try {
      for await (const entry of parser) await this.#accept(entry.header, entry as AsyncIterable<Buffer>);
    } catch (error) {
      if (error instanceof PouchError) throw error;
      // Streams that are cut fail with words of their own.
      signal?.throwIfAborted();
      throw new PouchError('invalid-argument', `The archive is not a valid tar file: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      input.destroy();
    }
    if (this.#count === 0) throw new PouchError('invalid-argument', 'The archive is empty.');
  }

  async #accept(header: Header, body: AsyncIterable<Buffer>): Promise<void> {
    this.#count += 1;
    this.#sinceProgress = 0;
    if (this.#count > ENTRY_LIMIT)
      throw new PouchError('too-large', `The archive has more than ${ENTRY_LIMIT} entries.`);
    const name = insideName(header.name, header.name);
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        this.#add(name, await this.#write(body));
        return;
      case 'symlink':
        this.#links.set(name, insideName(posix.join(posix.dirname(name), header.linkname ?? ''), header.name));
        break;
      case 'link':
        this.#links.set(name, insideName(header.linkname ?? '', header.name));
        break;
      default:
        // Directories carry nothing; devices and FIFOs have no business in an image archive and are never made.
        break;
    }
    for await (const _ of body) this.#sinceProgress = 0;
  }

  #add(name: string, file: SpooledFile): void {
    const known = this.#files.get(name);
    if (known && known.digest !== file.digest) {
      throw new PouchError('invalid-argument', `The archive has two different files named ${JSON.stringify(name)}.`);
    }
    if (!known) this.#files.set(name, file);
  }

  async #write(body: AsyncIterable<Buffer>): Promise<SpooledFile> {
    const path = join(this.#directory, String(this.#count));
    const hash = createHash('sha256');
    let size = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of body) {
        this.#sinceProgress = 0;
        hash.update(chunk);
        for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
        size += chunk.length;
        await this.#checkSpace(chunk.length);
      }
    } finally {
      await file.close();
    }
    return { path, size, digest: `sha256:${hash.digest('hex')}` };
  }

  async #checkSpace(more: number): Promise<void> {
    this.#sinceCheck += more;
    if (this.#sinceCheck < CHECK_EVERY) return;
    this.#sinceCheck = 0;
    await requireSpace(this.#directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Throws too-large when the disk under `path` has less free than the reserve. */
export async function requireSpace(path: string): Promise<void> {
  const disk = await statfs(path);
  if (disk.bavail * disk.bsize < RESERVE) {
    throw new PouchError('too-large', `no space left on device: the content would fill the disk that holds ${path}`);
  }
}

export function readSpooled(file: SpooledFile): AsyncIterable<Uint8Array> {
  return createReadStream(file.path, { highWaterMark: 1 << 20 });
}

/** A clean relative path inside the archive. Throws invalid-argument for one that leads out. */
function insideName(name: string, shown: string): string {
  const clean = posix.normalize(name).replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../') || clean.startsWith('/') || clean.includes('\0')) {
    throw new PouchError('invalid-argument', `The archive entry ${JSON.stringify(shown)} leads out of the archive.`);
  }
  return clean;
}
