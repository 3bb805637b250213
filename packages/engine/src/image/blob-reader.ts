import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ContainerdClient } from '@pouch/containerd';
import { type Digest, digestAlgorithm, digestHex } from '@pouch/oci';

/** Bytes per read. */
const CHUNK = 1 << 20;

/** A blob's bytes from `offset` on: from containerd's own file where it can be reached (several times as fast), else by call. */
export async function openBlob(
  containerd: Pick<ContainerdClient, 'content' | 'ingest'>,
  digest: Digest,
  offset = 0,
  signal?: AbortSignal,
): Promise<Readable> {
  // The namespace must have it, whatever lies in the directory; throws not-found.
  const { size } = await containerd.content.info(digest, { signal });
  // A range that begins at the end would be read as "everything".
  if (offset >= size) return Readable.from([]);
  const path = await blobPath(containerd.ingest, digest);
  // Node.js opens the file for a signal that is aborted already, and never closes it.
  signal?.throwIfAborted();
  if (path !== undefined) {
    return createReadStream(path, { start: offset, highWaterMark: CHUNK, ...(signal && { signal }) });
  }
  return Readable.from(containerd.content.read(digest, { offset }, { signal }), { objectMode: false });
}

/** The file that containerd keeps a blob in, where this process can read it. */
export async function blobPath(ingest: ContainerdClient['ingest'], digest: Digest): Promise<string | undefined> {
  const root = await ingest.contentRoot();
  const path = root === undefined ? undefined : join(root, 'blobs', digestAlgorithm(digest), digestHex(digest));
  return path !== undefined && (await isReadable(path)) ? path : undefined;
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
