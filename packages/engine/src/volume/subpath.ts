import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { dirname, relative } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import { resolveInRoot, unmount } from '@pouch/linux';

/** open(2)'s O_PATH, which Node does not name. The same on every architecture that Node has. */
const O_PATH = 0o10000000;

/**
 * Bind a directory or file inside a volume to `target`. Symlinks are followed inside the volume only, and the mount is made
 * of the very inode that was checked: a container that swaps directories meanwhile gains nothing. Throws invalid-argument
 * when the subpath does not exist or changes under our eyes.
 */
export async function mountSubpath(volumePath: string, subpath: string, target: string): Promise<void> {
  const resolved = await resolveInRoot(volumePath, subpath);
  const handle = await openBelow(volumePath, relative(volumePath, resolved), subpath);
  try {
    const isDirectory = (await stat(`/proc/self/fd/${handle.fd}`)).isDirectory();
    await mkdir(isDirectory ? target : dirname(target), { recursive: true, mode: 0o700 });
    if (!isDirectory) await writeFile(target, '', { mode: 0o600 });
    await bindDescriptor(handle.fd, target);
  } finally {
    await handle.close();
  }
}

export async function unmountSubpath(target: string): Promise<void> {
  await unmount([target], { lazy: true });
  await removeMountPoint(target);
}

/** rmdir and unlink take an empty mount point only: should something still be mounted there, it is not touched. */
export async function removeMountPoint(target: string): Promise<void> {
  const info = await lstat(target).catch(() => undefined);
  if (!info) return;
  if (info.isDirectory()) await rmdir(target);
  else await unlink(target);
}

/** Open a path without symlinks one component at a time, each from its parent's descriptor. */
async function openBelow(root: string, path: string, asked: string): Promise<FileHandle> {
  let current = await open(root, O_PATH | constants.O_DIRECTORY);
  try {
    for (const name of path.split('/').filter(Boolean)) {
      if (name === '..') throw new PouchError('invalid-argument', `subpath ${asked} leaves the volume`);
      const next = await open(`/proc/self/fd/${current.fd}/${name}`, O_PATH | constants.O_NOFOLLOW);
      await current.close();
      current = next;
    }
    if ((await current.stat()).isSymbolicLink()) {
      throw new PouchError('invalid-argument', `subpath ${asked} was changed while it was being mounted`);
    }
    return current;
  } catch (error) {
    await current.close();
    const code = errnoCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    throw new PouchError(
      'invalid-argument',
      `cannot access path ${asked} inside the volume: no such file or directory`,
      {
        cause: error,
      },
    );
  }
}

/** mount(8) gets the descriptor as its fourth; the kernel takes `/proc/self/fd/3` for the inode behind it. */
async function bindDescriptor(fd: number, target: string): Promise<void> {
  const args = ['--no-mtab', '--no-canonicalize', '-o', 'bind', '--source', '/proc/self/fd/3', '--target', target];
  const child = spawn('mount', args, { stdio: ['ignore', 'ignore', 'pipe', fd] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) throw new PouchError('internal', `The subpath could not be mounted: ${said.trim()}`);
}
