import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  access,
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';

const PREFIX = 'incoming-';
/** What an interrupted ingest left is taken away after a day. */
const STALE = 24 * 3_600_000;

/** A new name in the store's own directory, which containerd does not walk: the same file system as the blobs. */
export function temporaryPath(root: string): string {
  return join(root, `${PREFIX}${randomBytes(8).toString('hex')}`);
}

/** The directory if it is a content store that this process can write to. */
export async function usableRoot(root: string): Promise<string | undefined> {
  const probe = temporaryPath(root);
  try {
    // Where containerd's own directory is not, this is another mount namespace or host. Releases of 1.7 make what is in it
    // with their first write only.
    await access(dirname(root));
    await mkdir(join(root, 'blobs', 'sha256'), { recursive: true });
    await writeFile(probe, '', { flag: 'wx' });
    await removeStale(root);
    return root;
  } catch {
    return undefined;
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

async function removeStale(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(root, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > STALE) await rm(path, { force: true });
  }
}

/** Throws `data-loss` unless the file's bytes have the digest. */
export async function verifyFile(path: string, digest: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) {
    throw new PouchError('data-loss', `The blob ${digest} has the digest ${actual}: it is corrupt.`);
  }
}

export function blobPath(root: string, hex: string): string {
  return join(root, 'blobs', 'sha256', hex);
}

/** Put the file among the blobs, whole or not at all; `path` stays, for the way back. */
export async function placeBlob(path: string, root: string, hex: string): Promise<void> {
  const target = blobPath(root, hex);
  const near = temporaryPath(root);
  try {
    try {
      await link(path, near);
    } catch (error) {
      if (!['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'].includes(errnoCode(error) ?? '')) throw error;
      await copyFile(path, near, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
    await chmod(near, 0o444);
    await syncPath(near);
    await rename(near, target);
  } finally {
    await rm(near, { force: true });
  }
  await syncPath(dirname(target));
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
