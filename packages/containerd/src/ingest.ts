import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { isErrorCode, type Logger, PouchError } from '@pouch/base';
import { blobPath, placeBlob, temporaryPath, usableRoot, verifyFile } from './blob-directory.ts';
import type { CallOptions } from './call.ts';
import type { Content } from './content.ts';
import type { Introspection } from './introspection.ts';
import type { Labels } from './types.ts';

export interface IngestOptions {
  /** The content store's directory; asked of containerd where absent. */
  readonly contentRoot?: string | undefined;
}

export interface IngestDependencies {
  readonly content: Content;
  readonly introspection: Introspection;
  readonly logger: Logger;
}

export interface IngestFileRequest {
  /** A finished file. It is gone afterwards, moved into the store where that is possible. */
  readonly path: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly labels?: Labels | undefined;
  /** The caller has computed the digest over this file's bytes itself; else it is computed here. */
  readonly verified?: boolean | undefined;
}

export interface IngestBytesRequest {
  readonly bytes: Uint8Array;
  /** What the bytes must hash to; computed where absent. */
  readonly digest?: string | undefined;
  readonly labels?: Labels | undefined;
}

export type IngestWay = 'existed' | 'moved' | 'streamed';

const DIGEST = /^sha256:([0-9a-f]{64})$/;

/** Below this many bytes the stream is as fast, and needs no file. */
const SMALL = 64 << 10;

/** Misses in a row after which the directory counts as another one than containerd's. */
const MAX_MISSES = 3;

/**
 * Blobs into containerd's content store. The fast way puts the finished file where containerd keeps blobs and then only has it
 * registered: a write that expects its digest and size finds everything there. Where the store's directory cannot be reached
 * (another mount namespace, another host), the bytes go through gRPC.
 *
 * Give a lease in the call's options, or garbage collection may take a blob that nothing refers to yet.
 */
export class Ingest {
  readonly #content: Content;
  readonly #introspection: Introspection;
  readonly #logger: Logger;
  #root: Promise<string | undefined> | undefined;
  #misses = 0;

  constructor(options: IngestOptions, dependencies: IngestDependencies) {
    this.#content = dependencies.content;
    this.#introspection = dependencies.introspection;
    this.#logger = dependencies.logger;
    if (options.contentRoot !== undefined) this.#root = usableRoot(options.contentRoot);
  }

  /** The content store's directory if this process can write there: a download beside it moves in without a copy. */
  async contentRoot(): Promise<string | undefined> {
    this.#root ??= this.#findRoot();
    return await this.#root;
  }

  /** Take in a file. Resolves with the way it went; throws `data-loss` where digest or size are not as said. */
  async file(request: IngestFileRequest, options?: CallOptions): Promise<IngestWay> {
    const { path, digest, size } = request;
    const hex = digestHex(digest);
    const actual = await stat(path);
    if (!actual.isFile() || actual.size !== size) {
      throw new PouchError('data-loss', `The blob ${digest} has ${actual.size} bytes; ${size} were expected.`);
    }
    if (!request.verified) await verifyFile(path, digest);
    const way = (await this.#known(request, options)) ?? (await this.#move(request, hex, options));
    const done = way ?? (await this.#stream(createReadStream(path, { highWaterMark: 1 << 20 }), request, options));
    await rm(path, { force: true });
    return done;
  }

  /** Take in bytes. Resolves with their digest. */
  async bytes(request: IngestBytesRequest, options?: CallOptions): Promise<string> {
    const { bytes, labels } = request;
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (request.digest !== undefined && request.digest !== digest) {
      throw new PouchError('data-loss', `The blob ${request.digest} has the digest ${digest}: it is corrupt.`);
    }
    const blob = { digest, size: bytes.length, labels };
    if (await this.#known(blob, options)) return digest;
    const root = bytes.length > SMALL ? await this.contentRoot() : undefined;
    if (root === undefined) {
      await this.#stream([bytes], blob, options);
      return digest;
    }
    const path = temporaryPath(root);
    try {
      await writeFile(path, bytes, { mode: 0o444, flag: 'wx' });
      await this.file({ ...blob, path, verified: true }, options);
    } finally {
      await rm(path, { force: true });
    }
    return digest;
  }

  async #findRoot(): Promise<string | undefined> {
    const root = await this.#introspection.contentRoot();
    const usable = root === undefined ? undefined : await usableRoot(root);
    if (usable === undefined) this.#logger.info('blobs go through gRPC: the content store is out of reach', { root });
    return usable;
  }

  /** Whether the namespace has the blob. It then belongs to the lease too, and gets the labels. */
  async #known(
    blob: { digest: string; labels?: Labels | undefined },
    options?: CallOptions,
  ): Promise<IngestWay | undefined> {
    try {
      await this.#content.info(blob.digest, options);
      // Only a write attaches an existing blob to the lease.
      await this.#openAndLeave(blob.digest, options);
      await this.#label(blob, options);
      return 'existed';
    } catch (error) {
      if (isErrorCode(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async #openAndLeave(digest: string, options?: CallOptions): Promise<void> {
    if (options?.lease === undefined) return;
    const ref = newRef(digest);
    try {
      using _writer = await this.#content.openWriter({ ref, digest }, options);
    } catch (error) {
      if (isErrorCode(error, 'already-exists')) return;
      throw error;
    }
    await this.#content.abort(ref, options).catch(() => {});
    throw new PouchError('not-found', `The blob ${digest} was collected meanwhile.`);
  }

  async #label(blob: { digest: string; labels?: Labels | undefined }, options?: CallOptions): Promise<void> {
    if (blob.labels && Object.keys(blob.labels).length > 0) {
      await this.#content.updateLabels(blob.digest, blob.labels, options);
    }
  }

  /** The fast way; undefined where it is not open. */
  async #move(request: IngestFileRequest, hex: string, options?: CallOptions): Promise<IngestWay | undefined> {
    const root = await this.contentRoot();
    if (root === undefined) return undefined;
    const { digest, size, labels } = request;
    const ref = newRef(digest);
    try {
      await placeBlob(request.path, root, hex);
      using writer = await this.#content.openWriter({ ref, size, digest }, options);
      if (writer.offset === size) {
        await writer.commit(labels);
        this.#misses = 0;
        return 'moved';
      }
    } catch (error) {
      if (!isErrorCode(error, 'already-exists')) throw error;
      await this.#label(request, options);
      return 'moved';
    }
    await this.#content.abort(ref, options).catch(() => {});
    await this.#missed(root, hex);
    return undefined;
  }

  /**
   * containerd did not see the placed file: garbage collection took it before the write began, which is rare, or this is not
   * the directory that containerd uses, which would go on.
   */
  async #missed(root: string, hex: string): Promise<void> {
    await rm(blobPath(root, hex), { force: true });
    this.#misses += 1;
    if (this.#misses < MAX_MISSES) return;
    this.#logger.warn('containerd does not see blobs put into its directory; they go through gRPC from now on', {
      root,
    });
    this.#root = Promise.resolve(undefined);
  }

  async #stream(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    blob: { digest: string; size: number; labels?: Labels | undefined },
    options?: CallOptions,
  ): Promise<IngestWay> {
    const ref = newRef(blob.digest);
    try {
      using writer = await this.#content.openWriter({ ref, size: blob.size, digest: blob.digest }, options);
      if (writer.offset < blob.size) for await (const chunk of source) await writer.write(chunk);
      await writer.commit(blob.labels);
      return 'streamed';
    } catch (error) {
      if (!isErrorCode(error, 'already-exists')) {
        await this.#content.abort(ref, { ...options, signal: undefined, deadlineMs: 5000 }).catch(() => {});
        throw error;
      }
      await this.#label(blob, options);
      return 'existed';
    }
  }
}

function digestHex(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined)
    throw new PouchError('invalid-argument', `invalid digest: '${digest}' (sha256 and 64 hexadecimal digits)`);
  return hex;
}

/** No two writers share a ref, so that none waits for another's lock. */
function newRef(digest: string): string {
  return `ingest-${digest}-${randomBytes(6).toString('hex')}`;
}
