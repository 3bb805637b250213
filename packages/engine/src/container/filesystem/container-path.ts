import { posix } from 'node:path';
import { PouchError } from '@pouch/base';
import type { Container } from '../container.ts';

/** Made absolute and shortened; a trailing `/` or `/.`, which asks for what a symlink leads to, is kept. */
export function cleanPath(path: string): string {
  if (path === '') throw new PouchError('invalid-argument', 'The path of a file in the container is missing.');
  const clean = posix.normalize(`/${path}`).replace(/(.)\/+$/, '$1');
  if (clean === '/') return path.endsWith('.') && !path.endsWith('..') ? '/.' : '/';
  if (path.endsWith('/.')) return `${clean}/.`;
  return path.endsWith('/') ? `${clean}/` : clean;
}

/** Throws permission-denied where Docker refuses to write: into a volume mounted read-only, or a read-only root. */
export function checkWritable(container: Container, resolved: string): void {
  const { mounts, hostConfig } = container.record;
  const inside = (destination: string): boolean =>
    destination === '/' || resolved === destination || resolved.startsWith(`${destination}/`);
  const found = mounts
    .filter(({ Destination: path }) => inside(posix.normalize(path).replace(/(.)\/$/, '$1')))
    .toSorted((a, b) => b.Destination.length - a.Destination.length)[0];
  if (found) {
    if (!found.RW) throw new PouchError('permission-denied', 'mounted volume is marked read-only');
    return;
  }
  const onTmpfs = container.live && Object.keys(hostConfig.Tmpfs ?? {}).some(inside);
  if (hostConfig.ReadonlyRootfs && !onTmpfs) {
    throw new PouchError('permission-denied', 'container rootfs is marked read-only');
  }
}

/** Docker's words for a path that is not there. */
export function fileNotFound(container: Container, path: string, cause: unknown): PouchError {
  return new PouchError('not-found', `Could not find the file ${path} in container ${container.record.name}`, {
    cause,
  });
}
