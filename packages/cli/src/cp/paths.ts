import { basename, dirname, posix } from 'node:path';
import type { ContainerPathStat } from '@pouch/api';
import { ExitError } from '../app/errors.ts';

const MODE_DIRECTORY = 2 ** 31;
const MODE_SYMLINK = 2 ** 27;

export function isDirectory(stat: ContainerPathStat): boolean {
  return Math.floor(stat.mode / MODE_DIRECTORY) % 2 === 1;
}

export function isSymlink(stat: ContainerPathStat): boolean {
  return Math.floor(stat.mode / MODE_SYMLINK) % 2 === 1;
}

/** `CONTAINER:PATH`, or a path here (also ./with:colon and /with:colon). */
export function splitCopyArgument(text: string): { readonly container: string; readonly path: string } {
  if (text.startsWith('/') || text.startsWith('.')) return { container: '', path: text };
  const at = text.indexOf(':');
  return at < 1 ? { container: '', path: text } : { container: text.slice(0, at), path: text.slice(at + 1) };
}

/** What a path that is copied from is. */
export interface Source {
  readonly path: string;
  readonly directory: boolean;
}

/** What there is at the path that is copied to. */
export type Destination = 'directory' | 'file' | 'nothing';

/** Whether the path means what is in a directory, not the directory: `dir/.`. */
export function meansContents(path: string): boolean {
  return path.endsWith('/.') || path === '.' || path === '/';
}

/**
 * Where a copy goes, by the rules of `docker cp`: the directory that must exist, and the name inside it; '.' stands for
 * that directory itself.
 */
export function copyTarget(
  source: Source,
  path: string,
  destination: Destination,
): { readonly directory: string; readonly name: string } {
  if (destination === 'directory') {
    const contents = source.directory && meansContents(source.path);
    return { directory: path, name: contents ? '.' : basename(trimDot(source.path)) };
  }
  if (destination === 'file' && source.directory)
    throw new ExitError(1, `cannot copy directory ${source.path} to a file`);
  if (destination === 'file' && path.endsWith('/')) throw new ExitError(1, `${path} is not a directory`);
  if (destination === 'nothing' && !source.directory && path.endsWith('/'))
    throw new ExitError(1, `no such directory: ${path}`);
  const clean = posix.normalize(path).replace(/(.)\/+$/, '$1');
  return { directory: dirname(clean), name: basename(clean) };
}

function trimDot(path: string): string {
  return path.replace(/\/+\.?$/, '') || '/';
}
