import type { Readable } from 'node:stream';
import type { Descriptor, LayerCompression } from '../descriptor.ts';
import type { Digest } from '../digest.ts';

/** Where the blobs of an archive go. */
export interface BlobSink {
  /**
   * Store the bytes and tell their digest. With `expected`, fail with data-loss when they have another. The whole stream must be
   * read.
   */
  put(content: Readable, info: { readonly size: number; readonly expected?: Digest }): Promise<Digest>;
}

/** Where the blobs for an archive come from. */
export interface BlobSource {
  /** Exactly `descriptor.size` bytes. */
  open(descriptor: Descriptor): Promise<Readable>;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly compression: LayerCompression;
}

/** An image that an archive holds: its manifest (or index) is in the sink by now. */
export interface ArchivedImage {
  readonly descriptor: Descriptor;
  /** As the archive gives them: `busybox:latest`, `docker.io/library/busybox:latest`. Not validated; may be empty. */
  readonly names: readonly string[];
}

/** What one pass over an archive found. */
export interface ArchiveFiles {
  /** The stored content of a path, links followed; undefined where the archive has none. */
  find(path: string): StoredBlob | undefined;
  readonly sink: BlobSink;
}
