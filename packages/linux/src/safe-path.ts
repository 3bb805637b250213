import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';

export interface ResolveOptions {
  /** Resolve a symlink in the last component too. Default true. */
  readonly followLast?: boolean;
}

/** The kernel's own limit (MAXSYMLINKS). */
const MAX_SYMLINKS = 40;

/**
 * The host path that a process whose root directory is `root` means by `path`. Every component is looked at: symlinks
 * are followed inside `root` only (absolute ones start at `root`, `..` stops at it). Components that do not exist are
 * appended as they are, so the result may be created.
 *
 * The answer holds at the moment of the call: a process inside the root that can still rename directories may change
 * what the path means afterwards, so freeze or stop it, or act from inside its mount namespace.
 *
 * Throws `invalid-argument` for a NUL byte or more than 40 symlinks.
 */
export async function resolveInRoot(root: string, path: string, options: ResolveOptions = {}): Promise<string> {
  if (path.includes('\0')) throw new PouchError('invalid-argument', 'A path may not hold a NUL byte.');
  const followLast = options.followLast ?? true;
  let pending = components(path);
  let current: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const [name = '', ...rest] = pending;
    pending = rest;
    if (name === '..') {
      current.pop();
      continue;
    }
    const candidate = [...current, name];
    const target = pending.length === 0 && !followLast ? undefined : await linkTarget(join(root, ...candidate));
    if (target === undefined) {
      current = candidate;
      continue;
    }
    links += 1;
    if (links > MAX_SYMLINKS) {
      throw new PouchError('invalid-argument', `Too many levels of symbolic links in '${path}'.`);
    }
    if (posix.isAbsolute(target)) current = [];
    pending = [...components(target), ...pending];
  }
  return join(root, ...current);
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}
