import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, PouchError } from '@pouch/base';
import { type Descriptor, DigestVerifier, digestAlgorithm, digestHex } from '@pouch/oci';

/** Smaller chunks are left to the collector. More than Node's pool of small buffers has, which is nobody's own. */
const RELEASE_SIZE = 16 * 1024;

/** Bytes gathered before they are written together. */
const WRITE_SIZE = 1024 * 1024;

/**
 * A blob on its way into a directory: `<algorithm>-<hex>.partial` until it is whole and verified, then without the suffix.
 * What an earlier process left there is hashed again and built upon.
 */
export class PartialBlob implements AsyncDisposable {
  readonly #descriptor: Descriptor;
  readonly #path: string;
  readonly #file: FileHandle;
  #verifier: DigestVerifier;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> | undefined;
  #isFinished = false;

  private constructor(descriptor: Descriptor, path: string, file: FileHandle) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#file = file;
    this.#verifier = new DigestVerifier(descriptor.digest);
  }

  static async open(directory: string, descriptor: Descriptor, signal?: AbortSignal): Promise<PartialBlob> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = blobPath(directory, descriptor);
    // A finished one is taken back and verified like any other: after a power cut its name alone proves nothing.
    await rename(path, `${path}.partial`).catch(() => {});
    const partial = new PartialBlob(descriptor, path, await open(`${path}.partial`, 'a+', 0o600));
    try {
      await partial.#inherit(signal);
      return partial;
    } catch (error) {
      await partial[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Bytes that are there; the next one wanted. */
  get offset(): number {
    return this.#verifier.bytes;
  }

  get isComplete(): boolean {
    return this.offset === this.#descriptor.size;
  }

  /**
   * Add bytes, which are no longer the caller's: their memory is given back once they are written. A promise means: wait before
   * the next. Throws data-loss for more bytes than the blob has.
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.offset + chunk.length > this.#descriptor.size) {
      throw new PouchError('data-loss', `more bytes than its ${this.#descriptor.size} were sent`);
    }
    this.#verifier.update(chunk);
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    return this.#gatheredBytes >= WRITE_SIZE ? this.#flush() : undefined;
  }

  /** Put what was gathered on disk, so that it counts should this process end. */
  async settle(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  /** Back to nothing. */
  async reset(): Promise<void> {
    await this.#writing?.catch(() => {});
    this.#writing = undefined;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#verifier = new DigestVerifier(this.#descriptor.digest);
    await this.#file.truncate(0);
  }

  /** Verify, and give the blob its final name. Throws data-loss when the content is another. Call once, when complete. */
  async finish(): Promise<string> {
    await this.settle();
    const actual = this.#verifier.finish();
    if (actual !== this.#descriptor.digest) throw new PouchError('data-loss', `its content has the digest ${actual}`);
    await rename(`${this.#path}.partial`, this.#path);
    this.#isFinished = true;
    return this.#path;
  }

  /** Leaves what is unfinished for a later try, unless there is nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing?.catch(() => {});
    await this.#file.close();
    if (!this.#isFinished && this.offset === 0) await rm(`${this.#path}.partial`, { force: true });
  }

  async #inherit(signal: AbortSignal | undefined): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > this.#descriptor.size) return await this.reset();
    const buffer = Buffer.allocUnsafe(WRITE_SIZE);
    while (this.offset < size) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.offset);
      if (bytesRead === 0) break;
      this.#verifier.update(buffer.subarray(0, bytesRead));
    }
  }

  /** One write at a time, while the next bytes arrive. */
  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#gatheredBytes === 0) return;
    const chunks = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = this.#append(chunks);
    // Whoever awaits next hears of a failure.
    this.#writing.catch(() => {});
  }

  async #append(chunks: Uint8Array[]): Promise<void> {
    try {
      for (let rest = chunks; rest.length > 0; ) {
        const { bytesWritten } = await this.#file.writev(rest);
        rest = dropBytes(rest, bytesWritten);
      }
      chunks.forEach(release);
    } catch (error) {
      throw new PouchError('internal', `cannot write ${this.#path}.partial: ${errorMessage(error)}`, { cause: error });
    }
  }
}

export function blobPath(directory: string, { digest }: Descriptor): string {
  return join(directory, `${digestAlgorithm(digest)}-${digestHex(digest)}`);
}

/**
 * Give back the memory of a chunk that has an ArrayBuffer to itself, as whole reads from a socket do. Left to the collector, each
 * 64 MB of a download made it mark the daemon's whole heap, which cost more than receiving and hashing them.
 */
function release(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && chunk.byteLength === buffer.byteLength && chunk.byteLength >= RELEASE_SIZE) {
    buffer.transfer(0);
  }
}

function dropBytes(chunks: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  for (; index < chunks.length && left >= (chunks[index]?.length ?? 0); index += 1) left -= chunks[index]?.length ?? 0;
  const [first, ...others] = chunks.slice(index);
  return first ? [first.subarray(left), ...others] : [];
}
