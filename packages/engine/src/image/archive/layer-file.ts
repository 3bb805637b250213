import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PouchError } from '@pouch/base';
import { type Digest, MEDIA_TYPE } from '@pouch/oci';
import { requireSpace } from './archive-spool.ts';
import { gzipStream } from './compress.ts';
import { decompressed, detectCompression, peek } from './decompress.ts';

const CHECK_EVERY = 64 << 20;

/** A layer's blob in a file of its own. Dispose it to remove what is left. */
export interface LayerFile extends AsyncDisposable {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
  readonly mediaType: string;
}

/**
 * A tar stream as a layer. gzip and zstd are kept as they came, anything else becomes gzip. Throws invalid-argument for a
 * broken or empty stream, too-large when the disk would fill.
 */
export async function writeLayerFile(
  source: AsyncIterable<Uint8Array>,
  parent: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: ((bytes: number) => void) | undefined },
): Promise<LayerFile> {
  const directory = await mkdtemp(join(parent, 'layer-'));
  const path = join(directory, 'layer');
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const { head, stream } = await peek(counted(source, options.onBytes));
      if (head.length === 0) throw new PouchError('invalid-argument', 'The archive is empty.');
      const compression = detectCompression(head);
      const writer = new HashedWriter(file, directory);
      const keep = compression === 'gzip' || compression === 'zstd';
      const diffId = keep
        ? await keepPacked(stream, writer, options.signal)
        : await repack(stream, writer, options.signal);
      const mediaType = compression === 'zstd' ? MEDIA_TYPE.ociLayerZstd : MEDIA_TYPE.ociLayerGzip;
      const dispose = (): Promise<void> => rm(directory, { recursive: true, force: true });
      return { path, ...writer.finish(), diffId, mediaType, [Symbol.asyncDispose]: dispose };
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function keepPacked(
  source: AsyncIterable<Uint8Array>,
  writer: HashedWriter,
  signal?: AbortSignal,
): Promise<Digest> {
  const iterator = source[Symbol.asyncIterator]();
  const tee = async function* (): AsyncGenerator<Uint8Array> {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      await writer.write(next.value);
      yield next.value;
    }
  };
  const { stream } = await decompressed(tee(), signal);
  const diffId = await hashAll(stream);
  // Bytes behind the compressed stream's end belong to the blob as well.
  for await (const _ of tee());
  return diffId;
}

async function repack(source: AsyncIterable<Uint8Array>, writer: HashedWriter, signal?: AbortSignal): Promise<Digest> {
  const { stream } = await decompressed(source, signal);
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(
    Readable.from(hashed(), { objectMode: false }),
    gzipStream(signal),
    async (packed: AsyncIterable<Buffer>) => {
      for await (const chunk of packed) await writer.write(chunk);
    },
    { ...(signal && { signal }) },
  );
  return `sha256:${hash.digest('hex')}`;
}

async function hashAll(stream: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    onBytes?.(bytes);
    yield chunk;
  }
}

/** Writes to a file, counts and hashes on the way, and stops before the disk is full. */
class HashedWriter {
  readonly #file: FileHandle;
  readonly #directory: string;
  readonly #hash = createHash('sha256');
  #size = 0;
  #checkedAt = 0;

  constructor(file: FileHandle, directory: string) {
    this.#file = file;
    this.#directory = directory;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    for (let at = 0; at < chunk.length; ) at += (await this.#file.write(chunk, at)).bytesWritten;
    this.#size += chunk.length;
    if (this.#size - this.#checkedAt < CHECK_EVERY) return;
    this.#checkedAt = this.#size;
    await requireSpace(this.#directory);
  }

  finish(): { digest: Digest; size: number } {
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }
}
