import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoCode, exec, PouchError } from '@pouch/base';
import { mount, unmount } from '@pouch/linux';

/** While content is being copied; thrown away after a crash. */
const COPYING = '.pouch-copying-';
/** The copy is whole and is being moved into place; finished after a crash. */
const COPIED = '.pouch-copied';
/** What a fresh file system may hold. */
const IGNORED = new Set(['lost+found']);

/** What a copy-up has done. */
export type CopyOutcome = 'content' | 'attributes' | 'nothing';

/**
 * Fill an empty volume with the content of an image's directory: ownership, modes, times, extended attributes, hard links
 * and symlinks as they are. A volume that holds anything stays as it is.
 *
 * An empty directory of the image gives owner and mode alone, unless `contentOnly`.
 *
 * `source` is the directory in a mounted root file system, or the parts that an overlay would merge, newest first.
 *
 * Safe against a crash at any moment, on any file system: the copy is made in a directory inside the volume, renamed when
 * it is whole, and only then moved into place; the next call takes up where this one stopped.
 */
export async function copyUp(
  volumePath: string,
  source: string | readonly string[],
  options: { readonly contentOnly?: boolean } = {},
): Promise<CopyOutcome> {
  const parts = typeof source === 'string' ? [source] : source;
  const names = await readdir(volumePath);
  for (const name of names.filter((each) => each.startsWith(COPYING))) {
    await rm(join(volumePath, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
  const copied = join(volumePath, COPIED);
  if (names.includes(COPIED)) {
    await moveIntoPlace(copied, volumePath);
    return 'content';
  }
  if (names.some((name) => !name.startsWith(COPYING) && !IGNORED.has(name))) return 'nothing';
  if (parts.length === 0) return 'nothing';
  return await withMerged(parts, async (directory) => {
    const entries = await readdir(directory);
    if (entries.length === 0 && options.contentOnly) return 'nothing';
    const staging = join(volumePath, COPYING + randomBytes(6).toString('hex'));
    await mkdir(staging, { mode: 0o700 });
    try {
      if (entries.length > 0) await copyTree(directory, staging);
      else await copyRootAttributes(directory, staging);
      await syncFileSystem(staging);
      await rename(staging, copied);
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
    await moveIntoPlace(copied, volumePath);
    return entries.length > 0 ? 'content' : 'attributes';
  });
}

/** Ends when its parent is not the first argument any more: the daemon died before setpriv could ask for the signal. */
const UNLESS_ORPHANED = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"';

/**
 * `cp --archive` keeps all that the kernel lets it keep; `--no-target-directory` copies into the directory itself.
 * setpriv has the kernel kill it with the daemon: it must not go on writing where the next daemon starts anew.
 */
async function copyTree(from: string, to: string): Promise<void> {
  const copy = ['cp', '--archive', '--reflink=auto', '--one-file-system', '--no-target-directory', '--', from, to];
  const guard = ['--pdeathsig', 'KILL', 'sh', '-c', UNLESS_ORPHANED, 'sh', `${process.pid}`];
  const { code, stderr } = await exec('setpriv', [...guard, ...copy], {
    timeout: 3_600_000,
    allowFailure: true,
  });
  if (code !== 0) {
    throw new PouchError('internal', `The image's content could not be copied into the volume: ${stderr.trim()}`);
  }
}

/** Move every entry up, then give the volume the directory's owner and mode. Entries moved already are simply gone. */
async function moveIntoPlace(copied: string, volumePath: string): Promise<void> {
  for (const name of await readdir(copied)) {
    // The user's own wins, in case the volume was written to meanwhile.
    if (await exists(join(volumePath, name))) await rm(join(copied, name), { recursive: true, force: true });
    else await rename(join(copied, name), join(volumePath, name));
  }
  await copyRootAttributes(copied, volumePath);
  await rmdir(copied);
}

async function copyRootAttributes(from: string, to: string): Promise<void> {
  const { uid, gid, mode } = await lstat(from);
  try {
    await chown(to, uid, gid);
    await chmod(to, mode & 0o7777);
  } catch (error) {
    // A network file system may refuse.
    if (errnoCode(error) !== 'EPERM') throw error;
  }
}

/** The one directory, or a read-only overlay of several while `work` runs. */
async function withMerged<T>(parts: readonly string[], work: (directory: string) => Promise<T>): Promise<T> {
  const [only, more] = parts;
  if (only !== undefined && more === undefined) return await work(only);
  const target = await mkdtemp(join(tmpdir(), 'pouch-merge-'));
  try {
    const lower = parts.map((part) => part.replace(/[\\:]/g, '\\$&')).join(':');
    await mount({ type: 'overlay', source: 'overlay', target, options: ['ro', `lowerdir=${lower}`] });
    try {
      return await work(target);
    } finally {
      await unmount([target]);
    }
  } finally {
    await rmdir(target);
  }
}

async function syncFileSystem(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  await exec('sync', ['--file-system', path], { allowFailure: true });
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
